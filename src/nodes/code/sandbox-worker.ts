/**
 * The thread in which sandboxed code runs, so that it never holds up the event loop and can be
 * killed. One job at a time; a job that leaves the engine in doubt ends the thread.
 */
import { parentPort } from "node:worker_threads";
import {
  isSlim,
  newEngine,
  runInSandbox,
  type SandboxEngine,
  type SandboxJob,
  type SandboxResult,
} from "./sandbox.ts";

/** What the thread answers: the job's result, and whether the thread can take another. */
export interface SandboxAnswer {
  readonly result: SandboxResult;
  readonly isReusable: boolean;
  /** CPU time that the thread has taken in all, and for this job, in ms. */
  readonly cpuMs: number;
  readonly jobCpuMs: number;
}

/** The engine of the last job; another memory limit needs another one. */
let engine: SandboxEngine | null = null;

parentPort?.on("message", (job: SandboxJob) => {
  void answerOf(job).then((answer) => parentPort?.postMessage(answer));
});

async function answerOf(job: SandboxJob): Promise<SandboxAnswer> {
  const beganMs = cpuMsOfThread();
  const outcome = await resultOf(job);
  const cpuMs = cpuMsOfThread();
  return { ...outcome, cpuMs, jobCpuMs: cpuMs - beganMs };
}

function cpuMsOfThread(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

async function resultOf(job: SandboxJob): Promise<Omit<SandboxAnswer, "cpuMs" | "jobCpuMs">> {
  try {
    const { memoryBytesMax } = job;
    if (engine?.memoryBytesMax !== memoryBytesMax) engine = await newEngine(memoryBytesMax);
    const outcome = runInSandbox(engine, job);
    if (!isSlim(engine)) engine = null;
    return outcome;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isStack = error instanceof RangeError;
    return {
      result: isStack ? { kind: "limit", limit: "stack" } : { kind: "threw", message, line: null },
      isReusable: false,
    };
  }
}
