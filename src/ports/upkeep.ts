/**
 * Looking after a store over the years: runs that are over go, blobs that nobody refers to go,
 * copies are made. An adapter without it keeps everything for ever.
 *
 *   U1. remove() hides an ended run durably, whole or not at all; an open one stays. Its id stays
 *       reserved: creating a run with it is fenced, and tombstone() says who took it away and why.
 *   U2. purge() gives the space of removed runs back in short transactions; killed in between, it
 *       goes on where it was. What is left of them nobody can read.
 *   U3. sweepBlobs() takes only blobs that no journal refers to and that nobody put, put again or
 *       stopped referring to after `looseBeforeMs`. A turn that refers to a blob that is gone is
 *       refused with store_unavailable: whoever made it decides and puts again.
 *   U4. Nothing here takes longer than a few milliseconds of the writer's time at once.
 *   U5. backup() makes a copy of one committed instant while commits go on; the copy is whole,
 *       checked and fsynced when it resolves. Killed in between, the path holds nothing.
 */
import type { EndedStatus } from "#workflow/statuses.ts";
import type { CallContext } from "./call-context.ts";
import type { RunHead } from "./journal.ts";

/** Ended runs of a status that no rule names are kept. */
export interface RetentionRule {
  /** null: every workflow that no other rule names. */
  readonly workflow: string | null;
  readonly status: EndedStatus;
  readonly endedBeforeMs: number;
}

export interface Tombstone {
  readonly removedAtMs: number;
  readonly removedBy: string;
  readonly reason: string | null;
}

export interface StoreSize {
  /** In use, what was given back is not counted: pages, or an estimate where the store does not tell (PostgreSQL). */
  readonly usedBytes: number;
  readonly fileBytes: number;
}

export interface BackupFacts {
  readonly storeId: string;
  readonly schemaVersion: number;
  readonly runs: number;
  readonly openRuns: number;
  readonly bytes: number;
  /** Of the file, hex. */
  readonly sha256: string;
}

/** Why a store starts paused: it is a copy, and the one it was copied from may have gone on. */
export interface StoreHold {
  readonly backupAtMs: number;
}

export interface Upkeep {
  /**
   * Ended runs that a rule names, of all tenants, some of the oldest, at most `limit`, after the
   * first `skip`: the order stays while runs come and go at its end.
   */
  due(rules: readonly RetentionRule[], limit: number, skip: number): Promise<readonly RunHead[]>;
  /** The ended runs that were created first, of all tenants, at most `limit`, after the first `skip`. */
  oldest(limit: number, skip: number): Promise<readonly RunHead[]>;
  remove(
    context: CallContext,
    runId: string,
    reason: string | null,
  ): Promise<"removed" | "open" | "missing">;
  tombstone(context: CallContext, runId: string): Promise<Tombstone | null>;
  /** `isDone`: nothing is left of any removed run. */
  purge(rowsMax: number): Promise<{ readonly rows: number; readonly isDone: boolean }>;
  /** Looks at up to `blobsMax`; `isDone`: no more of them is that old. */
  sweepBlobs(
    looseBeforeMs: number,
    blobsMax: number,
  ): Promise<{ readonly swept: number; readonly bytes: number; readonly isDone: boolean }>;
  size(): Promise<StoreSize>;
  /** null: the store runs. */
  hold(): Promise<StoreHold | null>;
  /** Lets a held store run, durably. Idempotent. */
  release(): Promise<void>;
  /** `path` must not exist. The copy is held. */
  backup(path: string): Promise<BackupFacts>;
}
