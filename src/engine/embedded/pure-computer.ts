/**
 * Computes pure steps whose input is too large for a turn, or whose type has held up one: built-in
 * types in one worker thread, started when first needed. A user's own types exist only in the
 * thread that loaded them: those are computed here, between turns, and reported once.
 *
 *   W1. Every computation answers; when the thread dies, what it had is computed here, and what can be
 *       computed nowhere is a failed step.
 *   W2. A FarConfig is evaluated in the thread, which is sent the bytes of its large values, each once.
 *   W3. A large output of the thread comes as PackedJson: it is never an object here until it is read.
 *   W4. A large value that a step only hands on is its output itself: nobody copies or reads it.
 */
import { hash } from "node:crypto";
import { Worker } from "node:worker_threads";
import {
  evaluateFar,
  FarConfig,
  type FarParts,
  type FarPlace,
  handedOn,
  replacePacked,
} from "#kernel/far-config.ts";
import type { ComputedOutcome } from "#kernel/inputs.ts";
import { guarded } from "#kernel/outcome.ts";
import { runPure } from "#nodes/attempt.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import { createRegistry, type NodeRegistry } from "#nodes/registry.ts";
import type { Logger } from "#ports/logger.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import { PACKED_BYTES_MIN, PackedJson } from "#workflow/packed-json.ts";
import { unpacked } from "./event-blobs.ts";
import { KeptValues } from "./kept-values.ts";
import type { PureComputer } from "./options.ts";

const WORKER_URL = new URL("./pure-worker.ts", import.meta.url);

/** What the thread answers; no outcome: only the main thread may have the type. */
export type PureAnswer =
  | { readonly outcome: ComputedOutcome | null }
  | { readonly packed: { readonly content: Uint8Array; readonly hash: string } };

/** What the thread is sent; `far`: the configuration is to be evaluated there. */
export interface PureRequest {
  readonly id: number;
  readonly uses: string;
  readonly config: unknown;
  readonly far: {
    readonly parts: FarParts;
    readonly values: readonly FarValue[];
  } | null;
}

/** A large value and where it belongs; null: the thread has its bytes. */
interface FarValue {
  readonly at: FarPlace;
  readonly hash: string;
  readonly bytes: number;
  readonly content: Uint8Array<ArrayBuffer> | null;
}

interface Job {
  readonly uses: string;
  readonly config: unknown;
  resolve(outcome: ComputedOutcome): void;
}

/** Runs a built-in or a user's type on what may be a FarConfig. */
export function computePure(definition: NodeDefinition, config: unknown): ComputedOutcome {
  if (!(config instanceof FarConfig)) return runPure(definition, config);
  const evaluated = guarded(() => evaluateFar(replacePacked(config.parts, unpacked)));
  return evaluated.ok ? runPure(definition, evaluated.value) : { ...evaluated, isFaulty: true };
}

/** The bytes of an output's JSON with their hash; null: it is small, and stays what it is. */
export function packLarge(output: unknown): { content: Uint8Array; hash: string } | null {
  if (jsonSizeUpTo(output, PACKED_BYTES_MIN) <= PACKED_BYTES_MIN) return null;
  const content = new TextEncoder().encode(JSON.stringify(output));
  // The estimate counts small numbers as more than they are.
  if (content.byteLength <= PACKED_BYTES_MIN) return null;
  return { content, hash: hash("sha256", content) };
}

export function pureComputer(nodes: NodeRegistry, logger: Logger): PureComputer {
  const jobs = new Map<number, Job>();
  const reported = new Set<string>();
  let lastId = 0;
  let worker: Worker | null = null;
  let kept = new KeptValues<true>();
  let builtIn: ReadonlySet<string> | null = null;

  const computeHere = (job: Job): void => settle(nodes, logger, job);

  const open = (): Worker => {
    const opened = new Worker(WORKER_URL);
    kept = new KeptValues();
    opened.unref();
    opened.on("message", (answer: PureAnswer & { readonly id: number }) => {
      const job = jobs.get(answer.id);
      jobs.delete(answer.id);
      if (job === undefined) return;
      if ("packed" in answer) {
        const { content, hash } = answer.packed;
        return job.resolve({ ok: true, output: new PackedJson(content, hash) });
      }
      if (answer.outcome !== null) return job.resolve(answer.outcome);
      if (!reported.has(job.uses)) {
        reported.add(job.uses);
        logger.warn(
          { uses: job.uses },
          "a user's pure node is slow or has a large input; it runs on the main thread, between turns",
        );
      }
      computeHere(job);
    });
    const abandon = () => {
      if (worker !== opened) return;
      worker = null;
      const left = [...jobs.values()];
      jobs.clear();
      for (const job of left) computeHere(job);
    };
    opened.on("error", (error) => {
      logger.error({ error: error.message }, "the thread of pure steps failed");
      abandon();
    });
    opened.on("exit", abandon);
    return opened;
  };

  return {
    compute: (uses, config) =>
      new Promise((resolve) => {
        const field = nodes.definition(uses)?.handsOn ?? null;
        const same = field !== null && config instanceof FarConfig ? handedOn(config, field) : null;
        if (same !== null) return resolve({ ok: true, output: same });
        const job = { uses, config, resolve };
        worker ??= open();
        const id = ++lastId;
        jobs.set(id, job);
        try {
          if (config instanceof FarConfig) sendFar(worker, { id, uses, far: config }, kept);
          else worker.postMessage({ id, uses, config, far: null } satisfies PureRequest);
        } catch {
          // What cannot be copied to another thread.
          jobs.delete(id);
          computeHere(job);
        }
      }),
    computesFar(uses) {
      builtIn ??= new Set(createRegistry().names());
      return builtIn.has(uses);
    },
    async close() {
      const closing = worker;
      worker = null;
      jobs.clear();
      await closing?.terminate();
    },
  };
}

/** Computes it in this thread. Never throws. */
function settle(nodes: NodeRegistry, logger: Logger, { uses, config, resolve }: Job): void {
  const definition = nodes.definition(uses);
  if (definition === undefined) {
    const message = `This host has no node type ${uses}.`;
    return resolve({ ok: false, error: { code: "unknown_node_type", message, retryable: false } });
  }
  try {
    resolve(computePure(definition, config));
  } catch (error) {
    // Of a fault of ours: it must not end the process, which would meet it again after each start.
    const { message, stack } = error as Error;
    logger.error({ uses, stack }, "a pure step cannot be computed");
    resolve({ ok: false, isFaulty: true, error: { code: "internal", message, retryable: false } });
  }
}

function sendFar(
  worker: Worker,
  { id, uses, far }: { readonly id: number; readonly uses: string; readonly far: FarConfig },
  kept: KeptValues<true>,
): void {
  const values: FarValue[] = [];
  const parts = replacePacked(far.parts, ({ content, hash }, at) => {
    let isNew = false;
    kept.use(hash, content.byteLength, () => (isNew = true));
    const bytes = isNew ? new Uint8Array(content) : null;
    values.push({ at, hash, bytes: content.byteLength, content: bytes });
    return null;
  });
  const request: PureRequest = { id, uses, config: null, far: { parts, values } };
  worker.postMessage(
    request,
    values.flatMap(({ content }) => (content === null ? [] : [content.buffer])),
  );
}
