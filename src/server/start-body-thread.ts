/**
 * Reads long bodies of `POST /api/v1/runs` in a worker thread: a start with 10 MB of input held
 * every other caller up for 100 ms and more.
 *
 *   1. Bodies up to LONG_BODY_BYTES never come here.
 *   2. null, from the thread or because it died: the body is to be read as any other.
 *   3. The thread is started with the first long body, and keeps the process alive only while one
 *      is read.
 */
import { Worker } from "node:worker_threads";
import type { BodyRequest, ReadBody } from "./start-body-worker.ts";

const WORKER_URL = new URL("./start-body-worker.ts", import.meta.url);

/** A body of this size is read in some milliseconds. */
export const LONG_BODY_BYTES = 256 * 1024;

export class StartBodyThread {
  readonly #waiting = new Map<number, (body: ReadBody | null) => void>();
  #worker: Worker | null = null;
  #lastId = 0;

  read(bytes: Uint8Array): Promise<ReadBody | null> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      worker.ref();
      worker.postMessage({ id, bytes } satisfies BodyRequest);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#giveUp();
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(WORKER_URL, { name: "lockstitch-bodies" });
    worker.on(
      "message",
      ({ id, body }: { readonly id: number; readonly body: ReadBody | null }) => {
        this.#waiting.get(id)?.(body);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0) worker.unref();
      },
    );
    // It ends then, which is what is waited for.
    worker.on("error", () => undefined);
    worker.on("exit", () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#giveUp();
    });
    return worker;
  }

  #giveUp(): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const resolve of all) resolve(null);
  }
}
