/**
 * The threads for sandboxed code: started when needed, kept for the next job while they are clean,
 * killed when a job runs over its time or its attempt is aborted.
 *
 * W1. At most `threadsMax` jobs run at once; the others wait their turn, in order.
 * W2. An idle thread does not keep the process alive.
 * W3. Every job settles: by its answer, its CPU time, its kill time, its abort, or the end of its thread.
 * W4. V8 collects no WebAssembly code in this process from the first thread on. Threads that are killed
 *     leave wrappers of their imports behind; V8 of Node 24 may hand one that is being collected to
 *     another thread and then free it twice, which ends the process (`Check failed: jit_page...`,
 *     https://github.com/nodejs/node/issues/66366). What stays is a wrapper for each signature.
 */
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { Turns } from "../turns.ts";
import type { SandboxJob, SandboxResult } from "./sandbox.ts";
import type { SandboxAnswer } from "./sandbox-worker.ts";

/**
 * The engine stops itself at its CPU limit, but not within one long call of its library (a search in a
 * long text, the JSON of a small object with a million ways through it): what such a thread has used is
 * asked from outside, and it is killed this far beyond the limit. A new thread has to load first.
 */
const OVERDRAWN_FACTOR = 1.25;
const OVERDRAWN_MS = 250;
const LOADING_MS = 500;
const LOOK_EVERY_MS = 200;
/** A thread that gets no CPU, or does not say, is killed this long after its start. */
const KILL_FACTOR = 10;
const KILL_EXTRA_MS = 5_000;

interface Thread {
  readonly worker: Worker;
  /** CPU time that it took in all its jobs so far; null: it has had none. */
  readonly cpuMs: number | null;
}

export class SandboxPool {
  readonly #turns: Turns;
  readonly #idle: Thread[] = [];

  constructor(threadsMax: number) {
    this.#turns = new Turns(threadsMax);
  }

  /**
   * Runs `job`; rejects with the signal's reason if it aborts first. `used` is told what CPU time it
   * took, in ms, however it ended; of a thread that was killed at most what the job was allowed.
   */
  async run(
    job: SandboxJob,
    signal: AbortSignal,
    used: (cpuMs: number) => void = () => {},
  ): Promise<SandboxResult> {
    await this.#turns.take(signal);
    try {
      signal.throwIfAborted();
      const thread = this.#idle.pop() ?? { worker: startWorker(), cpuMs: null };
      return await this.#answer(thread, job, signal, used);
    } finally {
      this.#turns.giveBack();
    }
  }

  /** Ends the idle threads. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(({ worker }) => worker.terminate()));
  }

  #answer(
    thread: Thread,
    job: SandboxJob,
    signal: AbortSignal,
    used: (cpuMs: number) => void,
  ): Promise<SandboxResult> {
    const beganMs = performance.now();
    const { worker } = thread;
    const { promise, resolve, reject } = Promise.withResolvers<SandboxResult>();
    const onMessage = ({ result, isReusable, cpuMs, jobCpuMs }: SandboxAnswer) => {
      stopListening();
      used(jobCpuMs);
      if (isReusable) {
        worker.unref();
        this.#idle.push({ worker, cpuMs });
      } else void worker.terminate();
      resolve(result);
    };
    const end = (settle: () => void) => {
      stopListening();
      used(Math.min(performance.now() - beganMs, job.cpuMsMax));
      void worker.terminate();
      settle();
    };
    const onError = (error: Error & { readonly code?: string }) =>
      end(() =>
        error.code === "ERR_WORKER_OUT_OF_MEMORY"
          ? resolve({ kind: "limit", limit: "memoryBytes" })
          : reject(error),
      );
    const onExit = () => end(() => reject(new Error("the sandbox thread ended by itself")));
    const onAbort = () => end(() => reject(signal.reason as Error));
    const onOverrun = () => end(() => resolve({ kind: "limit", limit: "cpuMs" }));
    const timer = setTimeout(onOverrun, job.cpuMsMax * KILL_FACTOR + KILL_EXTRA_MS);
    const cpuMsEnd = (thread.cpuMs ?? LOADING_MS) + job.cpuMsMax * OVERDRAWN_FACTOR + OVERDRAWN_MS;
    let look = setTimeout(lookAtCpu, job.cpuMsMax + LOOK_EVERY_MS);
    function lookAtCpu(): void {
      const next = ({ user, system }: NodeJS.CpuUsage) => {
        if (isSettled) return;
        if ((user + system) / 1000 > cpuMsEnd) onOverrun();
        else look = setTimeout(lookAtCpu, LOOK_EVERY_MS);
      };
      // A thread that has ended does not say; then its end is heard.
      worker.cpuUsage().then(next, () => {});
    }
    let isSettled = false;
    const stopListening = () => {
      isSettled = true;
      clearTimeout(timer);
      clearTimeout(look);
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
  setFlagsFromString("--no-wasm-code-gc");
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
