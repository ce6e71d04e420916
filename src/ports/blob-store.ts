/**
 * Payloads over 64 KiB, by the SHA-256 of their bytes. Stored compressed where that helps.
 *
 *   B1. When put() resolves, the bytes survive kill -9 and power loss.
 *   B2. get() answers exactly the bytes of that hash or null: a corrupt blob is null, and reported.
 *   B3. Putting a hash that exists changes nothing. A tenant sees only its own blobs.
 */
import type { CallContext } from "./call-context.ts";

export interface BlobStore {
  put(context: CallContext, hash: string, bytes: Uint8Array): Promise<void>;
  get(context: CallContext, hash: string): Promise<Uint8Array | null>;
}
