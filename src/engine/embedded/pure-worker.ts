/**
 * The worker thread of pure-computer.ts: evaluates built-in pure nodes on inputs too large for a turn.
 *
 *   1. A large output is answered as the bytes of its JSON with their hash, handed over without a
 *      copy: to clone it, write it as JSON and hash it would hold the main thread.
 */
import { parentPort } from "node:worker_threads";
import { FarConfig } from "#kernel/far-config.ts";
import { createRegistry } from "#nodes/registry.ts";
import { KeptValues } from "./kept-values.ts";
import { computePure, type PureAnswer, type PureRequest, packLarge } from "./pure-computer.ts";

const nodes = createRegistry();

/** Parsed lately: steps one after another mostly read the same ones. */
const kept = new KeptValues<unknown>();

function configOf({ config, far }: PureRequest): unknown {
  if (far === null) return config;
  for (const { at, hash, bytes, content } of far.values) {
    const value = kept.use(hash, bytes, () =>
      JSON.parse(new TextDecoder().decode(content ?? NOTHING)),
    );
    let holder = far.parts as unknown as Record<string | number, unknown>;
    for (const key of at.slice(0, -1)) holder = holder[key] as typeof holder;
    holder[at.at(-1) ?? ""] = value;
  }
  return new FarConfig(far.parts);
}
const NOTHING = new Uint8Array();

function answer(request: PureRequest): PureAnswer {
  const definition = nodes.definition(request.uses);
  // A user's own type, which only the main thread has.
  if (definition === undefined) return { outcome: null };
  const outcome = computePure(definition, configOf(request));
  const packed = outcome.ok ? packLarge(outcome.output) : null;
  return packed === null ? { outcome } : { packed };
}

parentPort?.on("message", (request: PureRequest) => {
  const answered = answer(request);
  const bytes = "packed" in answered ? [answered.packed.content.buffer as ArrayBuffer] : [];
  parentPort?.postMessage({ id: request.id, ...answered }, bytes);
});
