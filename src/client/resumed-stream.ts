/** Frames of a stream that is opened again whenever it is cut. */
import { LockstitchError } from "#errors/errors.ts";
import { readServerSentEvents, type ServerSentEvent } from "./server-sent-events.ts";
import type { Transport } from "./transport.ts";

/** Until `signal` aborts, the reader has enough, or a failure that lasts. `open` says where to go on. */
export async function* resumedStream(
  transport: Transport,
  open: () => Promise<ReadableStream<Uint8Array>>,
  signal: AbortSignal,
): AsyncIterable<ServerSentEvent> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const event of readServerSentEvents(await open())) {
        failures = 0;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof LockstitchError && error.code !== "store_unavailable") throw error;
    }
    await transport.pause(failures, signal);
    failures += 1;
  }
}
