/** The time that a node gives a call of its own, besides the deadline of the whole attempt. */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";

/** An hour is the most for what somebody else answers. */
export const TimeoutMs = z.int().min(1).max(3_600_000).optional();

/**
 * What `work` gives, as long as it takes no longer than `timeoutMs`: then its signal aborts, and
 * whatever it ends with is a `timeout`, unless the attempt was aborted, too. `what` took so long.
 */
export async function withinTime<T>(
  what: string,
  timeoutMs: number,
  attempt: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await work(AbortSignal.any([attempt, timeout]));
  } catch (error) {
    if (!timeout.aborted || attempt.aborted) throw error;
    throw timedOut(what, timeoutMs, error);
  }
}

function timedOut(what: string, timeoutMs: number, cause: unknown): NodeError {
  return new NodeError("timeout", `${what} took longer than ${timeoutMs} ms.`, {
    retryable: true,
    cause,
  });
}
