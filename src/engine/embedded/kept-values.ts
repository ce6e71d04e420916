/**
 * Which large values the thread of pure steps has parsed and kept, by their hash. Both sides hold
 * one of these and use it for the same hashes in the same order, so that the sender knows what the
 * thread has, and sends no bytes twice.
 *
 *   1. The value used last is kept whatever its size.
 */

/** Bytes of JSON; as objects they take some five times as much. */
const KEPT_BYTES_MAX = 24 * 1024 * 1024;

export class KeptValues<Value> {
  readonly #values = new Map<string, { readonly value: Value; readonly bytes: number }>();
  #bytes = 0;

  /** The value with this hash, made by `make` where it is not here; it is the newest then. */
  use(hash: string, bytes: number, make: () => Value): Value {
    const known = this.#values.get(hash);
    const kept = known ?? { value: make(), bytes };
    this.#values.delete(hash);
    this.#values.set(hash, kept);
    if (known === undefined) this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#values) {
      if (this.#bytes <= KEPT_BYTES_MAX || this.#values.size === 1) break;
      this.#values.delete(oldest);
      this.#bytes -= freed;
    }
    return kept.value;
  }
}
