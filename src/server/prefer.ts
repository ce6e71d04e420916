/** RFC 7240 `Prefer: wait=10`: how long a caller would like to wait for a run's end. */
import type { FastifyRequest } from "fastify";

/** Longer waits are cut to this; the caller asks again. */
export const WAIT_MS_MAX = 60_000;

/** Milliseconds asked for, 0 without the preference. */
export function preferredWaitMs(request: FastifyRequest): number {
  const header = request.headers["prefer"];
  if (header === undefined) return 0;
  const text = typeof header === "string" ? header : header.join(",");
  const seconds = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/.exec(text)?.[1];
  return seconds === undefined ? 0 : Math.min(Number(seconds) * 1_000, WAIT_MS_MAX);
}

/** Aborts when the caller hangs up; `release` when the answer is ready. */
export function abortOnHangUp(request: FastifyRequest): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const aborter = new AbortController();
  const socket = request.raw.socket;
  const abort = (): void => aborter.abort();
  socket.once("close", abort);
  return { signal: aborter.signal, release: () => void socket.off("close", abort) };
}
