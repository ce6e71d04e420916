/**
 * The thread in which sandboxed code runs, so that it never holds up the event loop and can be
 * killed. One job at a time; a job that leaves the engine in doubt ends the thread.
 */
import { parentPort } from "node:worker_threads";
import { newQuickJSWASMModule } from "quickjs-emscripten";
import { runInSandbox, type SandboxJob, type SandboxResult } from "./sandbox.ts";

/** What the thread answers: the job's result, and whether the thread can take another. */
export interface SandboxAnswer {
  readonly result: SandboxResult;
  readonly isReusable: boolean;
}

const engine = await newQuickJSWASMModule();

parentPort?.on("message", (job: SandboxJob) => {
  const answer = answerOf(job);
  parentPort?.postMessage(answer);
});

function answerOf(job: SandboxJob): SandboxAnswer {
  try {
    const result = runInSandbox(engine, job);
    return { result, isReusable: result.kind !== "limit" };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isStack = error instanceof RangeError;
    return {
      result: isStack ? { kind: "limit", limit: "stack" } : { kind: "threw", message, line: null },
      isReusable: false,
    };
  }
}
