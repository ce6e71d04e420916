/**
 * Calls to a worker thread of the store, answered one after another in the order of calls.
 *
 *   1. The worker starts with the first call, and again after it has died; what was under way then is
 *      rejected with store_unavailable.
 *   2. It keeps the process alive only while a call is under way.
 *   3. After close() resolves nothing is under way, and every further call is refused.
 */
import type { Worker } from "node:worker_threads";
import { LockstitchError } from "#errors/errors.ts";
import { failureOf, type WorkerAnswer } from "./worker-messages.ts";

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: LockstitchError) => void;
}

export class WorkerCalls {
  readonly #name: string;
  readonly #start: () => Worker;
  #worker: Worker | null = null;
  #nextId = 1;
  #closing: Promise<void> | null = null;
  readonly #waiting = new Map<number, Waiting>();

  /** `name`: what messages call the worker. */
  constructor(name: string, start: () => Worker) {
    this.#name = name;
    this.#start = start;
  }

  /** Rejects with what the worker failed with. */
  async call(kind: string, input: unknown): Promise<unknown> {
    if (this.#closing !== null)
      throw new LockstitchError("store_unavailable", "the store is closed");
    return await this.#post(kind, input);
  }

  /** Rejects where the worker could not close what it has open. */
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

  #post(kind: string, input: unknown): Promise<unknown> {
    const worker = this.#worker ?? this.#open();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // First: it throws where the input cannot be cloned, and then nothing waits.
      worker.postMessage({ id, kind, input });
      worker.ref();
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #open(): Worker {
    const worker = this.#start();
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
    if ("error" in answer) waiting?.reject(failureOf(answer));
    else waiting?.resolve(answer.output);
  }

  #lose(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    const message = `the ${this.#name} ended before it answered`;
    for (const { reject } of lost)
      reject(new LockstitchError("store_unavailable", message, { cause }));
  }
}
