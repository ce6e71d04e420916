/**
 * An output as the memo store keeps it: its JSON text, or the blob that the event of this very
 * turn has put already (event-blobs.ts moves the same values by the same rule).
 */
import { createHash } from "node:crypto";
import type { MemoOutput } from "#ports/memo-store.ts";
import { BLOB_BYTES } from "./options.ts";

export function memoOutput(output: unknown): MemoOutput {
  const text = JSON.stringify(output ?? null);
  const bytes = Buffer.byteLength(text);
  if (bytes <= BLOB_BYTES) return { text };
  return { blob: { hash: createHash("sha256").update(text).digest("hex"), bytes } };
}
