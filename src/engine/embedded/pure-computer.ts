/**
 * Computes pure steps whose input is too large for a turn, or whose type has held up one: built-in
 * types in one worker thread, started when first needed. A user's own types exist only in the
 * thread that loaded them: those are computed here, between turns, and reported once.
 *
 *   W1. Every computation answers; when the thread dies, what it had is computed here.
 *   W2. A large output of the thread comes as PackedJson: it is never an object here until it is read.
 */
import { Worker } from "node:worker_threads";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import { runPure } from "#nodes/attempt.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Logger } from "#ports/logger.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import type { PureComputer } from "./options.ts";

const WORKER_URL = new URL("./pure-worker.ts", import.meta.url);

/** What the thread answers; no outcome: only the main thread may have the type. */
export type PureAnswer =
  | { readonly outcome: AttemptOutcome | null }
  | { readonly packed: { readonly content: Uint8Array; readonly hash: string } };

interface Job {
  readonly uses: string;
  readonly config: unknown;
  resolve(outcome: AttemptOutcome): void;
}

export function pureComputer(nodes: NodeRegistry, logger: Logger): PureComputer {
  const jobs = new Map<number, Job>();
  const reported = new Set<string>();
  let lastId = 0;
  let worker: Worker | null = null;

  const computeHere = ({ uses, config, resolve }: Job): void => {
    const definition = nodes.definition(uses);
    if (definition !== undefined) return resolve(runPure(definition, config));
    const message = `This host has no node type ${uses}.`;
    resolve({ ok: false, error: { code: "unknown_node_type", message, retryable: false } });
  };

  const open = (): Worker => {
    const opened = new Worker(WORKER_URL);
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
        const job = { uses, config, resolve };
        worker ??= open();
        const id = ++lastId;
        jobs.set(id, job);
        try {
          worker.postMessage({ id, uses, config });
        } catch {
          // What cannot be copied to another thread.
          jobs.delete(id);
          computeHere(job);
        }
      }),
    async close() {
      const closing = worker;
      worker = null;
      jobs.clear();
      await closing?.terminate();
    },
  };
}
