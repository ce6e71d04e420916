/**
 * Values by key that may be lost at any time: a cache that several hosts share. Nothing of record
 * lies here, and whoever reads must be able to do without.
 *
 * Promises (test/contract/key-value.ts):
 *   V1. get() answers exactly the bytes that were set last under that key, or null: nothing was, it
 *       has expired or was deleted, or the store has lost it.
 *   V2. A value with a time to live is gone once that is over, by the store's clock.
 *   V3. compareAndSet() is one step: of many who expect the same value, one succeeds.
 *   V4. The tenant is part of the key: nobody reads, changes, counts or lists another's.
 *   V5. Every key that stands all through a scan is on one of its pages. One may be there twice, and
 *       pages may be empty before the last one.
 *   V6. A key over KEY_BYTES_MAX or a value over VALUE_BYTES_MAX is refused with payload_too_large,
 *       and changes nothing.
 *   V7. While the store is away calls reject with store_unavailable within two seconds. Whether what
 *       was to be changed then is changed is not known.
 */
import type { CallContext } from "./call-context.ts";

export const KEY_BYTES_MAX = 1_024;
export const VALUE_BYTES_MAX = 1_048_576;

export interface KeyValue {
  get(context: CallContext, key: string): Promise<Uint8Array | null>;
  /** Answered in their order. */
  getMany(context: CallContext, keys: readonly string[]): Promise<readonly (Uint8Array | null)[]>;
  /** `ttlMs` null: until it is deleted or lost. */
  set(context: CallContext, key: string, value: Uint8Array, ttlMs: number | null): Promise<void>;
  /** Sets it where the value is `expected` (null: there is none), and says whether it was. */
  compareAndSet(context: CallContext, key: string, change: ValueChange): Promise<boolean>;
  /** Answers how many there were. */
  delete(context: CallContext, keys: readonly string[]): Promise<number>;
  /** Keys that begin with `prefix`, about `limit` on a page, in no order. `cursor` null: the first, or no more. */
  scan(
    context: CallContext,
    prefix: string,
    page: { readonly cursor: string | null; readonly limit: number },
  ): Promise<{ readonly keys: readonly string[]; readonly cursor: string | null }>;
}

export interface ValueChange {
  readonly expected: Uint8Array | null;
  readonly value: Uint8Array;
  readonly ttlMs: number | null;
}
