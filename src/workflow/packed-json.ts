/**
 * A large value as the bytes of its JSON: it goes from the thread that made it to the store without
 * becoming objects in between. Whoever asks for its size gets it at once; only a reader parses it.
 */
export class PackedJson {
  /** UTF-8 of the value's JSON. Never changed. */
  readonly #content: Uint8Array;
  /** SHA-256 of `content`, hexadecimal. */
  readonly #hash: string;

  readonly #canonicalHash: string | null;

  constructor(content: Uint8Array, hash: string, canonicalHash: string | null = null) {
    this.#content = content;
    this.#hash = hash;
    this.#canonicalHash = canonicalHash;
  }

  /** SHA-256 of the value's canonical JSON (RFC 8785), hexadecimal; null: nobody has asked. */
  get canonicalHash(): string | null {
    return this.#canonicalHash;
  }

  get content(): Uint8Array {
    return this.#content;
  }

  get hash(): string {
    return this.#hash;
  }
}

/** Bytes of JSON; a smaller value becomes objects in some milliseconds, and is at hand for the next reader. */
export const PACKED_BYTES_MIN = 256 * 1024;
