/** RFC 7240 `Prefer: wait=10`: how long a caller would like to wait for a run's end. */
import type { Socket } from "node:net";
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

/** By connection: a keep-alive one makes thousands of calls, and a controller costs each 20 us. */
const hangUps = new WeakMap<Socket, AbortSignal>();

/** Aborts when the caller hangs up. Who listens to it stops listening when the answer is ready. */
export function hangUpOf(request: FastifyRequest): AbortSignal {
  const { socket } = request.raw;
  const known = hangUps.get(socket);
  if (known !== undefined) return known;
  const aborter = new AbortController();
  if (socket.destroyed) aborter.abort();
  else socket.once("close", () => aborter.abort());
  hangUps.set(socket, aborter.signal);
  return aborter.signal;
}
