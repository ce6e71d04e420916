/**
 * The writer in a worker thread: fsync never blocks the event loop, and the caller computes the
 * next group while this one is written.
 *
 *   1. Calls are answered in order; after close() resolves nothing is under way.
 *   2. A worker that ends unasked rejects what was under way with store_unavailable (its outcome is
 *      unknown: ask committed()), and the next call starts another worker under the same epoch.
 *   3. The worker keeps the process alive only while a call is under way, and dies with it.
 */
import { Worker } from "node:worker_threads";
import { LockstitchError } from "#errors/errors.ts";
import { flattenGroup } from "./flat-group.ts";
import type { MemoLimits } from "./memo-writer.ts";
import type { WorkerAnswer, WorkerRequest, WorkerStart } from "./worker-messages.ts";
import type { Writer, WriterCall, WriterCalls } from "./writer-calls.ts";

const WRITER_WORKER = new URL("./writer-worker.ts", import.meta.url);

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: LockstitchError) => void;
}

export class WorkerWriter implements Writer {
  readonly #start: WorkerStart;
  readonly #entry: URL;
  #worker: Worker | null = null;
  #nextId = 1;
  #closing: Promise<void> | null = null;
  readonly #waiting = new Map<number, Waiting>();

  /** `entry` is the worker's program. */
  constructor(
    path: string,
    epoch: number,
    options: { readonly entry?: URL; readonly memoLimits?: MemoLimits | undefined } = {},
  ) {
    const { entry = WRITER_WORKER, memoLimits } = options;
    this.#start = { path, epoch, ...(memoLimits === undefined ? {} : { memoLimits }) };
    this.#entry = entry;
  }

  async call<Kind extends WriterCall>(
    kind: Kind,
    input: WriterCalls[Kind]["input"],
  ): Promise<WriterCalls[Kind]["output"]> {
    if (this.#closing !== null) {
      throw new LockstitchError("store_unavailable", "the store is closed");
    }
    // The worker answers a kind with that kind's output.
    return (await this.#post(kind, input)) as WriterCalls[Kind]["output"];
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    await this.#post("close", null);
    worker.ref();
    await ended;
  }

  #post(kind: WorkerRequest["kind"], input: unknown): Promise<unknown> {
    const worker = this.#worker ?? this.#startWorker();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const isGroup = kind === "commit";
      const sent = isGroup ? flattenGroup(input as WriterCalls["commit"]["input"]) : input;
      const request: WorkerRequest = { id, kind, input: sent };
      // First: it throws where the input cannot be cloned, and then nothing waits.
      worker.postMessage(request);
      worker.ref();
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #startWorker(): Worker {
    const worker = new Worker(this.#entry, {
      workerData: this.#start,
      name: "lockstitch-writer",
    });
    worker.on("message", (answer: WorkerAnswer) => this.#settle(worker, answer));
    worker.on("error", (error) => this.#lose(worker, error));
    worker.on("exit", () => this.#lose(worker, null));
    this.#worker = worker;
    return worker;
  }

  #settle(worker: Worker, answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) worker.unref();
    if ("error" in answer) {
      const { code, message, details } = answer.error;
      waiting?.reject(new LockstitchError(code, message, { details: { ...details } }));
    } else {
      waiting?.resolve(answer.output);
    }
  }

  #lose(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) {
      reject(
        new LockstitchError("store_unavailable", "the writer ended before it answered", { cause }),
      );
    }
  }
}
