/**
 * Payloads that hosts read again and again, kept in a store of values besides: what one host wrote or
 * read, the next one finds there. They are named by the hash of their bytes, so a kept one is right or
 * it is damaged, and a damaged one is not used.
 *
 *   1. The blob store has all of them: nothing is lost with the values, and nothing waits for them
 *      to be kept.
 *   2. One that is not asked for within KEPT_MS is gone; so is, after that, what was deleted.
 */
import { hash } from "node:crypto";
import type { BlobStore } from "#ports/blob-store.ts";
import type { CallContext } from "#ports/call-context.ts";
import { type KeyValue, VALUE_BYTES_MAX } from "#ports/key-value.ts";
import type { Logger } from "#ports/logger.ts";

const KEPT_MS = 600_000;

export class CachedBlobs implements BlobStore {
  readonly #blobs: BlobStore;
  readonly #values: KeyValue;
  readonly #logger: Pick<Logger, "debug">;

  constructor(blobs: BlobStore, values: KeyValue, logger: Pick<Logger, "debug">) {
    this.#blobs = blobs;
    this.#values = values;
    this.#logger = logger;
  }

  async put(context: CallContext, blobHash: string, bytes: Uint8Array): Promise<void> {
    await this.#blobs.put(context, blobHash, bytes);
    void this.#keep(context, blobHash, bytes);
  }

  async get(context: CallContext, blobHash: string): Promise<Uint8Array | null> {
    const kept = await this.#kept(context, blobHash);
    if (kept !== null) return kept;
    const bytes = await this.#blobs.get(context, blobHash);
    if (bytes !== null) void this.#keep(context, blobHash, bytes);
    return bytes;
  }

  /** Never rejects. */
  async #kept(context: CallContext, blobHash: string): Promise<Uint8Array | null> {
    try {
      const bytes = await this.#values.get(context, keyOf(blobHash));
      return bytes !== null && hash("sha256", bytes) === blobHash ? bytes : null;
    } catch (error) {
      this.#logger.debug({ error: String(error) }, "kept payloads cannot be read");
      return null;
    }
  }

  /** Never rejects. */
  async #keep(context: CallContext, blobHash: string, bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength > VALUE_BYTES_MAX) return;
    try {
      await this.#values.set(context, keyOf(blobHash), bytes, KEPT_MS);
    } catch (error) {
      this.#logger.debug({ error: String(error) }, "a payload is not kept");
    }
  }
}

function keyOf(blobHash: string): string {
  return `blob/${blobHash}`;
}
