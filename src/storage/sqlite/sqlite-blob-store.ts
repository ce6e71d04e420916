/** The BlobStore port: compressed where that is smaller, checked against its hash on every read. */
import { hash as digest } from "node:crypto";
import { inflateSync } from "node:zlib";
import { LockstitchError } from "#errors/errors.ts";
import type { BlobStore } from "#ports/blob-store.ts";
import type { CallContext } from "#ports/call-context.ts";
import { FIND_BLOB } from "./sql/find-blob.ts";
import type { StoreParts } from "./store-parts.ts";

interface BlobRow {
  readonly isCompressed: number;
  /** Bytes before compression: bounds what inflating may take. */
  readonly size: number;
  readonly body: Uint8Array;
}

export class SqliteBlobStore implements BlobStore {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async put(context: CallContext, hash: string, bytes: Uint8Array): Promise<void> {
    if (digest("sha256", bytes) !== hash) {
      throw new LockstitchError("request_invalid", `these bytes do not have the hash ${hash}`);
    }
    await this.#parts.writer.call("putBlob", {
      tenant: context.tenant,
      hash,
      bytes,
      nowMs: this.#parts.nowMs(),
    });
  }

  async get(context: CallContext, hash: string): Promise<Uint8Array | null> {
    const row = this.#parts.read("reading a blob", (reader) =>
      reader.get<BlobRow>(FIND_BLOB, context.tenant, hash),
    );
    if (row === undefined) return null;
    const bytes = unpack(row);
    if (bytes !== null && digest("sha256", bytes) === hash) return bytes;
    const fields = { tenant: context.tenant, hash };
    this.#parts.logger?.error(fields, "a blob in the store is corrupt: it is treated as missing");
    return null;
  }
}

function unpack(row: BlobRow): Uint8Array | null {
  if (row.isCompressed === 0) return row.body;
  try {
    return inflateSync(row.body, { maxOutputLength: row.size });
  } catch {
    // Damaged compression is damage like any other: the caller reports it.
    return null;
  }
}
