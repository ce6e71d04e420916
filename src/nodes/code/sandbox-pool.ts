/**
 * The threads for sandboxed code: started when needed, kept for the next job while they are clean,
 * killed when a job runs over its time or its attempt is aborted.
 *
 * W1. At most `threadsMax` jobs run at once; the others wait their turn, in order.
 * W2. An idle thread does not keep the process alive.
 * W3. Every job settles: by its answer, its kill time, its abort, or the end of its thread.
 */
import { Worker } from "node:worker_threads";
import { Turns } from "../turns.ts";
import type { SandboxJob, SandboxResult } from "./sandbox.ts";
import type { SandboxAnswer } from "./sandbox-worker.ts";

/** The engine stops itself at its CPU limit; a thread that has not answered this long after its start is killed. */
const KILL_FACTOR = 10;
const KILL_EXTRA_MS = 5_000;

export class SandboxPool {
  readonly #turns: Turns;
  readonly #idle: Worker[] = [];

  constructor(threadsMax: number) {
    this.#turns = new Turns(threadsMax);
  }

  /** Runs `job`; rejects with the signal's reason if it aborts first. */
  async run(job: SandboxJob, signal: AbortSignal): Promise<SandboxResult> {
    await this.#turns.take(signal);
    try {
      signal.throwIfAborted();
      const worker = this.#idle.pop() ?? startWorker();
      const answer = await this.#answer(worker, job, signal);
      return answer;
    } finally {
      this.#turns.giveBack();
    }
  }

  /** Ends the idle threads. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }

  #answer(worker: Worker, job: SandboxJob, signal: AbortSignal): Promise<SandboxResult> {
    const { promise, resolve, reject } = Promise.withResolvers<SandboxResult>();
    const onMessage = ({ result, isReusable }: SandboxAnswer) => {
      stopListening();
      if (isReusable) {
        worker.unref();
        this.#idle.push(worker);
      } else void worker.terminate();
      resolve(result);
    };
    const end = (settle: () => void) => {
      stopListening();
      void worker.terminate();
      settle();
    };
    const onError = (error: Error) => end(() => reject(error));
    const onExit = () => end(() => reject(new Error("the sandbox thread ended by itself")));
    const onAbort = () => end(() => reject(signal.reason as Error));
    const onOverrun = () => end(() => resolve({ kind: "limit", limit: "cpuMs" }));
    const timer = setTimeout(onOverrun, job.cpuMsMax * KILL_FACTOR + KILL_EXTRA_MS);
    const stopListening = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    };
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    signal.addEventListener("abort", onAbort, { once: true });
    worker.ref();
    worker.postMessage(job);
    return promise;
  }
}

function startWorker(): Worker {
  // The same file name with the extension that this one has: .ts in the source, .js when built.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./sandbox-worker.${extension}`, import.meta.url), {
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 128 },
    name: "lockstitch-sandbox",
  });
  // Between jobs nobody else listens, and an unhandled error would end the process.
  worker.on("error", () => {});
  return worker;
}
