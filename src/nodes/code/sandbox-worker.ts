/**
 * The thread in which sandboxed code runs, so that it never holds up the event loop and can be
 * killed. One job at a time; a job that leaves the engine in doubt ends the thread.
 */
import { parentPort } from "node:worker_threads";
import type { QuickJSWASMModule } from "quickjs-emscripten";
import { newEngine, runInSandbox, type SandboxJob, type SandboxResult } from "./sandbox.ts";

/** What the thread answers: the job's result, and whether the thread can take another. */
export interface SandboxAnswer {
  readonly result: SandboxResult;
  readonly isReusable: boolean;
}

/** The engine of the last job; another memory limit needs another one. */
let engine: { readonly memoryBytesMax: number; readonly module: QuickJSWASMModule } | null = null;

parentPort?.on("message", (job: SandboxJob) => {
  void answerOf(job).then((answer) => parentPort?.postMessage(answer));
});

async function answerOf(job: SandboxJob): Promise<SandboxAnswer> {
  try {
    const { memoryBytesMax } = job;
    if (engine?.memoryBytesMax !== memoryBytesMax)
      engine = { memoryBytesMax, module: await newEngine(memoryBytesMax) };
    const result = runInSandbox(engine.module, job);
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
