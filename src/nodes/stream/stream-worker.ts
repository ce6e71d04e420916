/** The thread of one stream's work: takes one job, answers it, and is done. */
import { parentPort, workerData } from "node:worker_threads";
import type { StepError } from "#errors/step-error.ts";
import { stepErrorOf } from "../attempt.ts";
import { fileError } from "../file/allowed-path.ts";
import {
  type CollectJob,
  collectStream,
  type Progress,
  type WriteJob,
  type Written,
  writeStream,
} from "./stream-work.ts";

/** `path`: what a failure of files is told of. */
export type StreamTask =
  | { readonly kind: "write"; readonly path: string; readonly job: WriteJob }
  | { readonly kind: "collect"; readonly path: string; readonly job: CollectJob };

export type StreamAnswer =
  | { readonly saved: Progress }
  | { readonly done: Written | readonly unknown[] }
  | { readonly failed: StepError };

function say(answer: StreamAnswer): void {
  parentPort?.postMessage(answer);
}

/** A full disk is no bug, and where the folder lies is nobody's business. */
function isOfFiles(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined;
}

const task = workerData as StreamTask;
try {
  if (task.kind === "write") say({ done: writeStream(task.job, (saved) => say({ saved })) });
  else say({ done: collectStream(task.job) });
} catch (error) {
  say({ failed: stepErrorOf(isOfFiles(error) ? fileError(task.path, error) : error) });
}
