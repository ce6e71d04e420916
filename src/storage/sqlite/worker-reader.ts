/**
 * The reader in a worker thread: a list that has to look at a million rows, or a blob of many
 * megabytes, holds up nothing but the next such read. Measured: a list that has to look at 200,000
 * runs held the event loop for 235 ms and a blob of 10 MiB for 18 ms where they were asked for.
 * Here the longest hold is 0.5 ms, for 0.1 to 0.4 ms of a hop.
 *
 * It lives and dies as worker-calls.ts says. Reads change nothing: what a dead worker left unanswered
 * may simply be repeated.
 */
import { Worker } from "node:worker_threads";
import type { Reader, ReaderCall, ReaderCalls } from "./reader-calls.ts";
import { WorkerCalls } from "./worker-calls.ts";

const READER_WORKER = new URL("./reader-worker.ts", import.meta.url);

export class WorkerReader implements Reader {
  readonly #calls: WorkerCalls;

  constructor(path: string) {
    const options = { workerData: { path }, name: "lockstitch-reader" };
    this.#calls = new WorkerCalls("reader", () => new Worker(READER_WORKER, options));
  }

  async call<Kind extends ReaderCall>(
    kind: Kind,
    input: ReaderCalls[Kind]["input"],
  ): Promise<ReaderCalls[Kind]["output"]> {
    // The worker answers a kind with that kind's output.
    return (await this.#calls.call(kind, input)) as ReaderCalls[Kind]["output"];
  }

  async close(): Promise<void> {
    // A worker that has died has closed its connection with it.
    await this.#calls.close().catch(() => undefined);
  }
}
