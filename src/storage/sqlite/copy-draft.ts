/** A copy that is being written, as its thread (copy-worker.ts) is asked for it. */
import { Worker } from "node:worker_threads";
import { LockstitchError } from "#errors/errors.ts";
import type { CopyDraft } from "#ports/store-copy.ts";
import type { BackupFacts } from "#ports/upkeep.ts";
import type { CopyRequest } from "./copy-requests.ts";
import { failureOf, type WorkerAnswer } from "./worker-messages.ts";

const COPY_WORKER = new URL("./copy-worker.ts", import.meta.url);

class CopyThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  isEnded = false;

  constructor(path: string) {
    this.#worker = new Worker(COPY_WORKER, { workerData: path, name: "lockstitch-copy" });
    this.#worker.on("message", (answer: WorkerAnswer) => {
      const asked = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ("error" in answer) asked?.reject(failureOf(answer));
      else asked?.resolve(answer.output);
    });
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () =>
      this.#fail(
        new LockstitchError("store_unavailable", "the copy's thread ended before it was whole"),
      ),
    );
  }

  async ask<Output>(request: CopyRequest): Promise<Output> {
    const asked = Promise.withResolvers<unknown>();
    this.#waiting.set(++this.#lastId, asked);
    this.#worker.postMessage({ id: this.#lastId, request });
    return (await asked.promise) as Output;
  }

  async end(): Promise<void> {
    this.isEnded = true;
    await this.#worker.terminate();
  }

  #fail(error: unknown): void {
    this.isEnded = true;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Rejects with request_invalid where the path is taken. */
export async function createDraft(path: string): Promise<CopyDraft> {
  const thread = new CopyThread(path);
  try {
    await thread.ask({ kind: "begin" });
  } catch (error) {
    await thread.end();
    throw error;
  }
  return {
    async add(table, rows) {
      await thread.ask({ kind: "add", table, rows });
    },
    async finish(from) {
      const facts = await thread.ask<BackupFacts>({ kind: "finish", from });
      await thread.end();
      return facts;
    },
    async discard() {
      if (thread.isEnded) return;
      try {
        await thread.ask({ kind: "discard" });
      } finally {
        await thread.end();
      }
    },
  };
}
