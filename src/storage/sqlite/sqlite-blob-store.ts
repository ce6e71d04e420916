/** The BlobStore port: compressed where that is smaller, checked against its hash on every read. */
import { hash as digest, webcrypto } from "node:crypto";
import { LockstitchError } from "#errors/errors.ts";
import type { BlobStore } from "#ports/blob-store.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { ReaderCalls } from "./reader-calls.ts";
import { READER_QUERIES } from "./reader-queries.ts";
import { BLOB_SIZE } from "./sql/blob-size.ts";
import type { StoreParts } from "./store-parts.ts";

/** Hashed, unpacked and checked where it is asked for, in less than 1 ms; a larger one in another thread. */
const SMALL_BYTES = 256 * 1024;

export class SqliteBlobStore implements BlobStore {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async put(context: CallContext, hash: string, bytes: Uint8Array): Promise<void> {
    if ((await hashOf(bytes)) !== hash) {
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
    const { tenant } = context;
    const { bytes, isCorrupt } = await this.#read({ tenant, hash });
    if (isCorrupt)
      this.#parts.logger?.error(
        { tenant, hash },
        "a blob in the store is corrupt: it is treated as missing",
      );
    return bytes;
  }

  async #read(input: ReaderCalls["blob"]["input"]): Promise<ReaderCalls["blob"]["output"]> {
    const found = this.#parts.read("reading a blob", (reader) => {
      const row = reader.get<{ size: number }>(BLOB_SIZE, input.tenant, input.hash);
      if (row === undefined) return { bytes: null, isCorrupt: false };
      return row.size <= SMALL_BYTES ? READER_QUERIES.blob(reader, input) : null;
    });
    return found ?? (await this.#parts.reader.call("blob", input));
  }
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  if (bytes.byteLength <= SMALL_BYTES) return digest("sha256", bytes);
  const hash = await webcrypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Buffer.from(hash).toString("hex");
}
