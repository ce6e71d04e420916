/** Where a stage of a pipeline gets its records from. All of it runs in the thread of streams. */

/** Some records in a row, with the place after the last of them. */
export interface Batch {
  readonly records: readonly unknown[];
  /** Given to open(), the records after this batch follow. Plain JSON. */
  readonly position: unknown;
}

/**
 *   1. The same records come in the same order whatever position is begun at; only where batches
 *      end may differ.
 *   2. Nothing is read before it is asked for: that is all the backpressure there is.
 */
export interface BatchSource {
  /** null: from the beginning. */
  open(position: unknown): Iterable<Batch>;
}
