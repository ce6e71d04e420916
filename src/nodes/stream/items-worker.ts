/** The thread that reads a stream's items: gives a chunk whenever it is asked, and reads one ahead. */
import { parentPort, workerData } from "node:worker_threads";
import type { StepError } from "#errors/step-error.ts";
import { stepErrorOf } from "../attempt.ts";
import { fileError } from "../file/allowed-path.ts";
import { type ItemsJob, itemChunks, type PackedChunk } from "./items-work.ts";

export type ItemsAnswer = { readonly chunk: PackedChunk } | { readonly failed: StepError };

const job = workerData as ItemsJob;
const chunks = itemChunks(job)[Symbol.iterator]();

function read(): ItemsAnswer {
  try {
    const next = chunks.next();
    if (next.done === true) throw new Error("The stream was asked for more than it has.");
    return { chunk: next.value };
  } catch (error) {
    const isOfFiles = (error as NodeJS.ErrnoException | null)?.syscall !== undefined;
    return { failed: stepErrorOf(isOfFiles ? fileError(job.stream.source.path, error) : error) };
  }
}

let ready = read();
parentPort?.on("message", () => {
  const answer = ready;
  if ("failed" in answer) return parentPort?.postMessage(answer);
  parentPort?.postMessage(answer, [answer.chunk.content.buffer]);
  if (!answer.chunk.isLast) ready = read();
});
