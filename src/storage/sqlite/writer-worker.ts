/**
 * Entry point of the writer's worker thread: takes calls in order, answers each when it is durable,
 * and copies a WAL that has become large. Blobs that wait side by side share one fsync. A
 * thrown bug ends the thread; the host sees that and reports store_unavailable.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { type FlatGroup, unflattenGroup } from "./flat-group.ts";
import { GroupWriter } from "./group-writer.ts";
import { toStoreError } from "./sqlite-error.ts";
import type { WorkerAnswer, WorkerRequest, WorkerStart } from "./worker-messages.ts";
import type { BlobInput, WriterCall } from "./writer-calls.ts";

/** Blobs in one transaction: bounds what a commit behind them waits for. */
const BLOBS_MAX = 64;

const port = parentPort;
if (port === null) throw new Error("writer-worker.ts runs as a worker thread only");
const { path, epoch, memoLimits }: WorkerStart = workerData;
const writer = new GroupWriter(path, epoch, { memoLimits });

type Outcome = { readonly output: unknown } | Pick<WorkerAnswer & { error: unknown }, "error">;

function attempt(doing: WorkerRequest["kind"], work: () => unknown): Outcome {
  try {
    return { output: work() };
  } catch (error) {
    const { code, message, details } = toStoreError(error, doing);
    return { error: { code, message, details } };
  }
}

function handle(kind: WriterCall, input: unknown): unknown {
  if (kind === "commit") return writer.handle(kind, unflattenGroup(input as FlatGroup));
  return writer.handle(kind, input as never);
}

function close(): null {
  writer.close();
  return null;
}

port.on("message", (first: WorkerRequest) => {
  let next: WorkerRequest | undefined = first;
  while (next !== undefined) {
    const blobs: WorkerRequest[] = [];
    while (next?.kind === "putBlob" && blobs.length < BLOBS_MAX) {
      blobs.push(next);
      next = receiveMessageOnPort(port)?.message;
    }
    if (blobs.length > 0) {
      // The types of kind and input were paired where the request was made.
      const inputs = blobs.map(({ input }) => input as BlobInput);
      const outcome = attempt("putBlob", () => writer.putBlobs(inputs));
      for (const { id } of blobs) port.postMessage({ id, ...outcome });
    } else if (next !== undefined) {
      const { id, kind, input } = next;
      const work = kind === "close" ? close : () => handle(kind, input);
      port.postMessage({ id, ...attempt(kind, work) });
      if (kind === "close") {
        port.close();
        return;
      }
      next = undefined;
    }
    if (writer.isWalLarge) writer.tidy();
  }
});
