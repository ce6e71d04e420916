/**
 * The writer in a worker thread: fsync never blocks the event loop, and the caller computes the
 * next group while this one is written.
 *
 * It lives and dies as worker-calls.ts says. Of what a dead worker left unanswered the outcome is
 * unknown (ask committed()); the next call starts another worker under the same epoch.
 */
import { Worker } from "node:worker_threads";
import type { MemoLimits } from "../memo-limits.ts";
import { flattenGroup } from "./flat-group.ts";
import { WorkerCalls } from "./worker-calls.ts";
import type { WorkerStart } from "./worker-messages.ts";
import type { Writer, WriterCall, WriterCalls } from "./writer-calls.ts";

const WRITER_WORKER = new URL("./writer-worker.ts", import.meta.url);

export class WorkerWriter implements Writer {
  readonly #calls: WorkerCalls;

  /** `entry` is the worker's program. */
  constructor(
    path: string,
    epoch: number,
    options: { readonly entry?: URL; readonly memoLimits?: MemoLimits | undefined } = {},
  ) {
    const { entry = WRITER_WORKER, memoLimits } = options;
    const start: WorkerStart = { path, epoch, ...(memoLimits === undefined ? {} : { memoLimits }) };
    const worker = { workerData: start, name: "lockstitch-writer" };
    this.#calls = new WorkerCalls("writer", () => new Worker(entry, worker));
  }

  async call<Kind extends WriterCall>(
    kind: Kind,
    input: WriterCalls[Kind]["input"],
  ): Promise<WriterCalls[Kind]["output"]> {
    const isGroup = kind === "commit";
    const sent = isGroup ? flattenGroup(input as WriterCalls["commit"]["input"]) : input;
    // The worker answers a kind with that kind's output.
    return (await this.#calls.call(kind, sent)) as WriterCalls[Kind]["output"];
  }

  close(): Promise<void> {
    return this.#calls.close();
  }
}
