/**
 * Server-sent events on one response: frames, heartbeats and bounds.
 *
 * E1. Nothing is buffered for a slow reader: write() resolves when the socket has taken the
 *     frame, and a reader that takes nothing for STALL_MS is disconnected (it resumes by
 *     Last-Event-ID and loses nothing).
 * E2. A stream that ends by itself says so with `event: end`; one without it was cut, so resume.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "#ports/clock.ts";

const HEARTBEAT_MS = 15_000;
const STALL_MS = 30_000;

export interface Frame {
  readonly id?: number;
  readonly event?: string;
  readonly data: unknown;
}

export interface EventStream {
  /** Aborted when the reader is gone or stalled, or the server closes. */
  readonly signal: AbortSignal;
  send(frame: Frame): Promise<void>;
  /** Ends the response. */
  end(): void;
}

/** Takes the response over. The caller must call end(). */
export function openEventStream(reply: FastifyReply, clock: Clock): EventStream {
  const aborter = new AbortController();
  const socket = reply.raw;
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) socket.setHeader(name, value);
  socket.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  });
  socket.flushHeaders();
  // Its answer is over with the headers; what is left open would hold up the connection's next request.
  let isOver = reply.request.method === "HEAD";
  if (isOver) aborter.abort();
  let cancelHeartbeat = (): void => undefined;
  const stop = (): void => {
    if (isOver) return;
    isOver = true;
    cancelHeartbeat();
    aborter.abort();
  };
  const beat = (): void => {
    socket.write(": still here\n\n");
    cancelHeartbeat = clock.after(HEARTBEAT_MS, beat);
  };
  if (!isOver) cancelHeartbeat = clock.after(HEARTBEAT_MS, beat);
  socket.on("close", stop);
  socket.on("error", stop);
  return {
    signal: aborter.signal,
    async send(frame) {
      if (isOver) return;
      if (!socket.write(frameText(frame))) await drained(reply, clock);
    },
    end() {
      stop();
      socket.end();
    },
  };
}

/** Answers with all frames of `follow`, one after the other, until it, the reader or the server ends. */
export async function streamFrames(
  { reply, clock, closing }: StreamHost,
  follow: (signal: AbortSignal) => AsyncIterable<Frame>,
): Promise<void> {
  const stream = openEventStream(reply, clock);
  const signal = AbortSignal.any([stream.signal, closing]);
  try {
    for await (const frame of follow(signal)) await stream.send(frame);
    if (!signal.aborted) await stream.send({ event: "end", data: {} });
  } catch {
    // The headers are out: a cut stream is how the reader learns to come again.
  } finally {
    stream.end();
  }
}

export interface StreamHost {
  readonly reply: FastifyReply;
  readonly clock: Clock;
  /** Aborts when the server closes. */
  readonly closing: AbortSignal;
}

/** The id of the last frame that the reader has, as it tells when it comes again; null: none. */
export function lastEventId({ headers }: FastifyRequest): number | null {
  const id = headers["last-event-id"];
  return typeof id === "string" && /^\d{1,15}$/.test(id) ? Number(id) : null;
}

function frameText(frame: Frame): string {
  const id = frame.id === undefined ? "" : `id: ${frame.id}\n`;
  const event = frame.event === undefined ? "" : `event: ${frame.event}\n`;
  return `${id}${event}data: ${JSON.stringify(frame.data)}\n\n`;
}

function drained(reply: FastifyReply, clock: Clock): Promise<void> {
  const socket = reply.raw;
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    const cancel = clock.after(STALL_MS, () => {
      socket.destroy();
      done();
    });
    socket.once("drain", done);
    socket.once("close", done);
  });
}
