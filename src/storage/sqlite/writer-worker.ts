/**
 * Entry point of the writer's worker thread: takes calls in order, answers each when it is durable,
 * and tidies when nothing has come for a moment. A thrown bug ends the thread; the host sees that
 * and reports store_unavailable.
 */
import { parentPort, workerData } from "node:worker_threads";
import { GroupWriter } from "./group-writer.ts";
import { IdleTidying } from "./idle-tidying.ts";
import { toStoreError } from "./sqlite-error.ts";
import type { WorkerAnswer, WorkerRequest, WorkerStart } from "./worker-messages.ts";

const port = parentPort;
if (port === null) throw new Error("writer-worker.ts runs as a worker thread only");
const { path, epoch }: WorkerStart = workerData;
const writer = new GroupWriter(path, epoch);
const tidying = new IdleTidying(writer);

function answer(request: WorkerRequest): WorkerAnswer {
  const { id, kind, input } = request;
  try {
    if (kind === "close") {
      tidying.stop();
      writer.close();
      return { id, output: null };
    }
    // The types of kind and input were paired where the request was made.
    return { id, output: writer.handle(kind, input as never) };
  } catch (error) {
    const { code, message, details } = toStoreError(error, kind);
    return { id, error: { code, message, details } };
  }
}

port.on("message", (request: WorkerRequest) => {
  port.postMessage(answer(request));
  if (request.kind === "close") port.close();
  else tidying.called();
});
