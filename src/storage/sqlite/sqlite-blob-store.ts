/** The BlobStore port: compressed where that is smaller (large ones by a thread of the pool), checked against its hash on every read. */
import { hash as digest, webcrypto } from "node:crypto";
import { promisify } from "node:util";
import { deflate, type ZlibOptions } from "node:zlib";
import { LockstitchError } from "#errors/errors.ts";
import type { BlobStore } from "#ports/blob-store.ts";
import type { CallContext } from "#ports/call-context.ts";
import { BLOB_DEFLATE } from "./group-writer.ts";
import type { ReaderCalls } from "./reader-calls.ts";
import { READER_QUERIES } from "./reader-queries.ts";
import { BLOB_SIZE } from "./sql/blob-size.ts";
import type { StoreParts } from "./store-parts.ts";
import type { BlobInput } from "./writer-calls.ts";

const deflateAside = promisify<Uint8Array, ZlibOptions, Buffer>(deflate);
/** Each chunk of its output is a turn of the event loop. */
const DEFLATE_CHUNK_BYTES = 1024 * 1024;

/** Hashed, packed, unpacked and checked where it is asked for, in less than 1 ms; a larger one in another thread. */
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
    const { tenant } = context;
    const stored = this.#isNewAndLarge(tenant, hash, bytes) ? await deflated(bytes) : { bytes };
    const nowMs = this.#parts.nowMs();
    await this.#parts.writer.call("putBlob", { tenant, hash, ...stored, nowMs });
  }

  /** Of one that is there already the writer needs no body; should it go meanwhile, it compresses. */
  #isNewAndLarge(tenant: string, hash: string, bytes: Uint8Array): boolean {
    if (bytes.byteLength <= SMALL_BYTES) return false;
    return this.#parts.read(
      "looking for a blob",
      (reader) => reader.get(BLOB_SIZE, tenant, hash) === undefined,
    );
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

/** In a thread of the pool: 10 MB can take the writer 100 ms, and no commit would go on meanwhile. */
async function deflated(bytes: Uint8Array): Promise<Pick<BlobInput, "bytes" | "size">> {
  const body = await deflateAside(bytes, { ...BLOB_DEFLATE, chunkSize: DEFLATE_CHUNK_BYTES });
  return { bytes: body.byteLength < bytes.byteLength ? body : bytes, size: bytes.byteLength };
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  if (bytes.byteLength <= SMALL_BYTES) return digest("sha256", bytes);
  const hash = await webcrypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Buffer.from(hash).toString("hex");
}
