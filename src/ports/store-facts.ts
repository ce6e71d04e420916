/** What a store's files say of themselves to whoever looks at them or puts them back. */
import type { HostFacts } from "./hosts.ts";
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

/** What a database that several hosts may share says of itself. */
export interface DatabaseFacts {
  /** Names it for people; without the password. */
  readonly label: string;
  readonly schema: string;
  /** 0: there is no store yet. */
  readonly schemaVersion: number;
  readonly supportedVersion: number;
  readonly serverVersion: string;
  /** As the server spells them: `on`, `off`, and more for the last one. */
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  /** How far the database's clock is ahead of this machine's, about. */
  readonly clockAheadMs: number;
  /** null where the schema is not the one of this release. */
  readonly fileBytes: number | null;
  readonly hold: StoreHold | null;
  /** What the user lacks to open the store as a host does, such as `CREATE on database runs`. */
  readonly missingRights: readonly string[];
}

/** A Redis server beside a database. */
export interface RedisFacts {
  /** Names it for people; without the password. */
  readonly label: string;
  readonly version: string;
  /** `maxmemory-policy`: what goes when it is full. */
  readonly evictionPolicy: string;
  /** 0: no limit but the machine's. */
  readonly memoryBytesMax: number;
}

/** A host, or nobody, and the open runs that it owns. */
export interface DriverFacts {
  /** null: of runs that nobody owns. */
  readonly host: number | null;
  /** null: nothing is known of such a host. */
  readonly facts: Omit<HostFacts, "host" | "openRuns"> | null;
  readonly hasLease: boolean;
  /** Others should have taken its runs by now. */
  readonly isOverdue: boolean;
  readonly openRuns: number;
  /** null: it owns none. */
  readonly oldestRunId: string | null;
}

/** Slots of one gate that hosts share (ports/shared-slots.ts). */
export interface SlotUse {
  readonly gate: string;
  /** What hosts have of it, without those that are gone. */
  readonly held: number;
  /** What hosts had that are gone. */
  readonly lost: number;
  readonly ofRuns: number;
  /** The greatest that a host has met there; null: none has asked. */
  readonly limit: number | null;
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
