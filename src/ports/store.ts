/** One open store: every port that keeps things, on one transaction log, with one owner. */
import type { BlobStore } from "./blob-store.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Hosts } from "./hosts.ts";
import type { Journal } from "./journal.ts";
import type { MemoStore } from "./memo-store.ts";
import type { StateStore } from "./state-store.ts";
import type { StepLogs } from "./step-logs.ts";
import type { Triggers } from "./triggers.ts";
import type { Upkeep } from "./upkeep.ts";
import type { Usage } from "./usage.ts";

export interface Store {
  readonly journal: Journal;
  readonly catalogue: Catalogue;
  readonly blobs: BlobStore;
  /** Absent: the adapter keeps everything for ever. */
  readonly upkeep?: Upkeep;
  readonly memos: MemoStore;
  readonly logs: StepLogs;
  readonly state: StateStore;
  readonly triggers: Triggers;
  /** Absent: each opening knows what it counted itself. */
  readonly usage?: Usage;
  /** Absent: this opening owns every run. */
  readonly hosts?: Hosts;
  /** Owner epoch of this opening, under which it creates runs: greater than that of every opening before. */
  readonly epoch: number;
  /** Under which versions of secrets are named, the same for every opening; absent: each host has its own. */
  readonly versionKey?: Uint8Array;
  /** Schema version in force, and what the store says of itself (journal mode, synchronous), for readyz and the bench. */
  describe(): Promise<Readonly<Record<string, string | number>>>;
  /** Waits for what is under way, then closes. Idempotent. */
  close(): Promise<void>;
}
