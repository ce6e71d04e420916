/** One step of a store's schema: released ones never change (their checksum is recorded in every store). */
export interface Migration {
  /** Counts from 1 without gaps. */
  readonly version: number;
  readonly name: string;
  /** Runs in one transaction with the record that it ran. */
  readonly sql: string;
}
