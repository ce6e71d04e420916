/**
 * The BlobStore port: compressed where that is smaller (large ones by a thread of the pool), checked
 * against its hash on every read. A blob's loose row (migrations) is what a put and a sweep of
 * another host take turns by: what a put has answered no sweep under way can take.
 */
import { hash as digest, webcrypto } from "node:crypto";
import { promisify } from "node:util";
import { constants, deflate, deflateSync, inflate, inflateSync, type ZlibOptions } from "node:zlib";
import { LockstitchError } from "#errors/errors.ts";
import type { BlobStore } from "#ports/blob-store.ts";
import type { CallContext } from "#ports/call-context.ts";
import { FIND_BLOB } from "./sql/find-blob.ts";
import { LOOK_AT_BLOB } from "./sql/look-at-blob.ts";
import { SAVE_BLOB } from "./sql/save-blob.ts";
import { TOUCH_BLOB } from "./sql/touch-blob.ts";
import type { StoreParts } from "./store-parts.ts";

const deflateAside = promisify<Uint8Array, ZlibOptions, Buffer>(deflate);
const inflateAside = promisify<Uint8Array, ZlibOptions, Buffer>(inflate);
/** Each chunk of its output is a turn of the event loop. */
const CHUNK_BYTES = 1024 * 1024;
const BLOB_DEFLATE = { level: constants.Z_BEST_SPEED };

/** Hashed, packed, unpacked and checked where it is asked for, in less than 1 ms; a larger one in another thread. */
const SMALL_BYTES = 256 * 1024;
/** Putting a blob again within this time is not noted again: a sweep waits far longer. */
const TOUCH_AGAIN_MS = 3_600_000;

const PUTTING = "putting a blob";

interface BlobLook {
  /** Bytes before compression. */
  readonly size: number;
  /** null: it is not loose. */
  readonly sinceMs: number | null;
}

interface BlobRow {
  readonly isCompressed: boolean;
  /** Bounds what inflating may take. */
  readonly size: number;
  readonly body: Uint8Array;
}

export class PostgresBlobStore implements BlobStore {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async put({ tenant }: CallContext, hash: string, bytes: Uint8Array): Promise<void> {
    if ((await hashOf(bytes)) !== hash)
      throw new LockstitchError("request_invalid", `these bytes do not have the hash ${hash}`);
    const nowMs = this.#parts.nowMs();
    if (await this.#isThere(tenant, hash, nowMs)) return;
    const body = await packed(bytes);
    const isCompressed = body !== bytes;
    const values = [tenant, hash, nowMs, isCompressed, bytes.byteLength, Buffer.from(body)];
    await this.#parts.sessions.change(PUTTING, SAVE_BLOB, ...values);
  }

  /** True: it stays for a while, and its body need not be sent. */
  async #isThere(tenant: string, hash: string, nowMs: number): Promise<boolean> {
    const { sessions } = this.#parts;
    const look = () => sessions.get<BlobLook>(PUTTING, LOOK_AT_BLOB, tenant, hash);
    const found = await look();
    if (found === undefined) return false;
    if (found.sinceMs !== null && found.sinceMs >= nowMs - TOUCH_AGAIN_MS) return true;
    await sessions.change(PUTTING, TOUCH_BLOB, tenant, hash, nowMs);
    // A sweep may have had it in its hands; the next one passes over it.
    return (await look()) !== undefined;
  }

  async get({ tenant }: CallContext, hash: string): Promise<Uint8Array | null> {
    const { sessions } = this.#parts;
    const row = await sessions.get<BlobRow>("reading a blob", FIND_BLOB, tenant, hash);
    if (row === undefined) return null;
    const bytes = await unpacked(row);
    if (bytes !== null && (await hashOf(bytes)) === hash) return bytes;
    this.#parts.logger?.error(
      { tenant, hash },
      "a blob in the store is corrupt: it is treated as missing",
    );
    return null;
  }
}

/** `bytes` itself where that is no longer. */
async function packed(bytes: Uint8Array): Promise<Uint8Array> {
  const isSmall = bytes.byteLength <= SMALL_BYTES;
  const body = isSmall
    ? deflateSync(bytes, BLOB_DEFLATE)
    : await deflateAside(bytes, { ...BLOB_DEFLATE, chunkSize: CHUNK_BYTES });
  return body.byteLength < bytes.byteLength ? body : bytes;
}

async function unpacked({ isCompressed, size, body }: BlobRow): Promise<Uint8Array | null> {
  if (!isCompressed) return body;
  try {
    const options = { maxOutputLength: size, chunkSize: CHUNK_BYTES };
    return size <= SMALL_BYTES
      ? inflateSync(body, { maxOutputLength: size })
      : await inflateAside(body, options);
  } catch {
    // Damaged compression is damage like any other: the caller reports it.
    return null;
  }
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  if (bytes.byteLength <= SMALL_BYTES) return digest("sha256", bytes);
  const hash = await webcrypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Buffer.from(hash).toString("hex");
}
