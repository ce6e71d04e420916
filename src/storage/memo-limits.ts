/** How much is remembered, of all tenants together. */
export interface MemoLimits {
  readonly entriesMax: number;
  /** Bytes of outputs, those in blobs included, and MEMO_OVERHEAD_BYTES for each entry. */
  readonly bytesMax: number;
}

export const MEMO_LIMITS: MemoLimits = { entriesMax: 100_000, bytesMax: 256 * 1_048_576 };

/** What a row takes besides its output: key, names, indexes. */
export const MEMO_OVERHEAD_BYTES = 512;
/** Rows that one statement drops at most, so that nobody waits long behind it. */
export const MEMO_ROWS_MAX = 1_000;
