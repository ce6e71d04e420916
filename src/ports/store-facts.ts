/** What a store's files say of themselves to whoever looks at them or puts them back. */
import type { StoreHold } from "./upkeep.ts";

export interface StoreFacts {
  readonly storeId: string;
  readonly schemaVersion: number;
  readonly supportedVersion: number;
  readonly journalMode: string;
  readonly fileBytes: number;
  readonly walBytes: number;
  /** Instant of the newest journal row; null: there is none. */
  readonly newestAtMs: number | null;
  readonly hold: StoreHold | null;
}

export interface RestoreFacts {
  /** The data directory, or the database without its password. */
  readonly into: string;
  readonly storeId: string;
  readonly runs: number;
  readonly openRuns: number;
  /** When the copy was made; null: the file is no backup, but a store's own file. */
  readonly backupAtMs: number | null;
  readonly sha256: string;
  /** Where the store that was there is kept; null: there was none. */
  readonly replaced: string | null;
}
