/**
 * Entry point of the reader's worker thread: answers each call on its own reading connection. A
 * thrown bug ends the thread; the host sees that and reports store_unavailable.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Connection } from "./connection.ts";
import type { ReaderCall } from "./reader-calls.ts";
import { READER_QUERIES } from "./reader-queries.ts";
import { toStoreError } from "./sqlite-error.ts";

const port = parentPort;
if (port === null) throw new Error("reader-worker.ts runs as a worker thread only");
const { path }: { readonly path: string } = workerData;
const reader = new Connection(path, "read");

port.on("message", ({ id, kind, input }: ReaderRequest) => {
  if (kind === "close") {
    reader.close();
    port.postMessage({ id, output: null });
    port.close();
    return;
  }
  try {
    // The types of kind and input were paired where the request was made.
    const output = READER_QUERIES[kind](reader, input as never);
    port.postMessage({ id, output }, ownBuffers(output));
  } catch (error) {
    const { code, message, details } = toStoreError(error, `reading ${kind}`);
    port.postMessage({ id, error: { code, message, details } });
  }
});

/** The bytes of a large blob change hands: copying 10 MiB would hold up the caller for 10 ms. */
function ownBuffers(output: unknown): ArrayBuffer[] {
  const { bytes } = (output ?? {}) as { readonly bytes?: Uint8Array | null };
  const buffer = bytes?.buffer;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes?.byteLength ? [buffer] : [];
}

interface ReaderRequest {
  readonly id: number;
  readonly kind: ReaderCall | "close";
  readonly input: unknown;
}
