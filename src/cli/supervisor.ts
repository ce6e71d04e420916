/**
 * A small parent process for `start --demo`: starts the server as its child and starts it again
 * when a signal kills it, so that the page's *kill the process* can show a run going on.
 *
 *   running --killed by a signal--> backing off --delay--> running
 *   running --exits by itself, or the supervisor was told to stop--> ended (with the child's code)
 *
 * S1. A child that exits by itself is not restarted: its exit code becomes ours.
 * S2. The delay doubles with each restart in a row and is reset by a child that lived long enough.
 * S3. The child's channel closes when the supervisor dies, which the child takes as an interrupt:
 *     no orphan keeps the data directory.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

const DELAY_FIRST_MS = 250;
const DELAY_MAX_MS = 10_000;
/** A child that lived this long died of something new. */
const HEALTHY_AFTER_MS = 10_000;

/** Environment variable that tells the child how often it was restarted; unset without a supervisor. */
export const RESTARTS_VARIABLE = "LOCKSTITCH_RESTARTS";

export interface SupervisorOptions {
  /** Starts the child; `restarts` counts from 0. */
  spawn(restarts: number): ChildProcess;
  /** Calls back at SIGINT and SIGTERM; returns what unsubscribes. */
  onInterrupt(listener: () => void): () => void;
  note(line: string): void;
  /** Resolves after the delay, or at once when the signal aborts. */
  delay(delayMs: number, signal: AbortSignal): Promise<void>;
  monotonicMs(): number;
}

/** Keeps a child alive until it exits by itself or we are told to stop; answers its exit code. */
export async function supervise(options: SupervisorOptions): Promise<number> {
  const stop = new AbortController();
  let child: ChildProcess | null = null;
  const unsubscribe = options.onInterrupt(() => {
    stop.abort();
    // After Ctrl-C the terminal has told the child as well; a second word does no harm.
    child?.kill("SIGTERM");
  });
  try {
    let delayMs = DELAY_FIRST_MS;
    for (let restarts = 0; ; restarts += 1) {
      const startedAtMs = options.monotonicMs();
      child = options.spawn(restarts);
      const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
      if (signal === null || stop.signal.aborted) return code ?? 0;
      if (options.monotonicMs() - startedAtMs >= HEALTHY_AFTER_MS) delayMs = DELAY_FIRST_MS;
      options.note(`The server was killed by ${signal}; starting it again in ${delayMs} ms.`);
      await options.delay(delayMs, stop.signal);
      if (stop.signal.aborted) return 0;
      delayMs = Math.min(delayMs * 2, DELAY_MAX_MS);
    }
  } finally {
    unsubscribe();
  }
}
