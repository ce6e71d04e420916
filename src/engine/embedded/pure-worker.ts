/**
 * The worker thread of pure-computer.ts: evaluates built-in pure nodes on inputs too large for a turn.
 *
 *   1. A large output is answered as the bytes of its JSON with their hash, handed over without a
 *      copy: to clone it, write it as JSON and hash it would hold the main thread.
 */
import { hash } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { runPure } from "#nodes/attempt.ts";
import { createRegistry } from "#nodes/registry.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import type { PureAnswer } from "./pure-computer.ts";

/** Characters of JSON; a smaller output is cloned in some milliseconds, and is at hand for the next step. */
const PACKED_SIZE_MIN = 256 * 1024;

const nodes = createRegistry();

function answer(uses: string, config: unknown): PureAnswer {
  const definition = nodes.definition(uses);
  // A user's own type, which only the main thread has.
  if (definition === undefined) return { outcome: null };
  const outcome = runPure(definition, config);
  if (!outcome.ok || jsonSizeUpTo(outcome.output, PACKED_SIZE_MIN) <= PACKED_SIZE_MIN)
    return { outcome };
  const content = new TextEncoder().encode(JSON.stringify(outcome.output));
  // The estimate counts small numbers as more than they are.
  if (content.byteLength <= PACKED_SIZE_MIN) return { outcome };
  return { packed: { content, hash: hash("sha256", content) } };
}

parentPort?.on("message", ({ id, uses, config }: { id: number; uses: string; config: unknown }) => {
  const answered = answer(uses, config);
  const bytes = "packed" in answered ? [answered.packed.content.buffer as ArrayBuffer] : [];
  parentPort?.postMessage({ id, ...answered }, bytes);
});
