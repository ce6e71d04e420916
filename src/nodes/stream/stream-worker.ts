/** The thread of one stream's work: takes one job, answers it, and is done. */
import { parentPort, workerData } from "node:worker_threads";
import type { StepError } from "#errors/step-error.ts";
import { stepErrorOf } from "../attempt.ts";
import {
  type CollectJob,
  collectStream,
  type Progress,
  type WriteJob,
  type Written,
  writeStream,
} from "./stream-work.ts";

export type StreamTask =
  | { readonly kind: "write"; readonly job: WriteJob }
  | { readonly kind: "collect"; readonly job: CollectJob };

export type StreamAnswer =
  | { readonly saved: Progress }
  | { readonly done: Written | readonly unknown[] }
  | { readonly failed: StepError };

function say(answer: StreamAnswer): void {
  parentPort?.postMessage(answer);
}

try {
  const task = workerData as StreamTask;
  if (task.kind === "write") say({ done: writeStream(task.job, (saved) => say({ saved })) });
  else say({ done: collectStream(task.job) });
} catch (error) {
  say({ failed: stepErrorOf(error) });
}
