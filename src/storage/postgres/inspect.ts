/**
 * Opens a database to look at it and nothing else: no epoch is taken, nothing is migrated, hosts that
 * run on it notice nothing. The server sees to that: the sessions may only read. For
 * `lockstitch doctor`.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Store } from "#ports/store.ts";
import type { DatabaseFacts, DriverFacts, SlotUse } from "#ports/store-facts.ts";
import type { StoreHold } from "#ports/upkeep.ts";
import { CommitQueue } from "./commit-queue.ts";
import { Sessions, WriterSession } from "./connection.ts";
import { type DatabaseAddress, databaseAddress, readOnlyAddress } from "./database-address.ts";
import { StoreMeasure } from "./measure-store.ts";
import { MemoUses } from "./memo-uses.ts";
import { migrationStatus } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/all.ts";
import { PostgresBlobStore } from "./postgres-blob-store.ts";
import { PostgresCatalogue } from "./postgres-catalogue.ts";
import { PostgresJournal } from "./postgres-journal.ts";
import { PostgresMemoStore } from "./postgres-memo-store.ts";
import { PostgresStateStore } from "./postgres-state-store.ts";
import { PostgresStepLogs } from "./postgres-step-logs.ts";
import { PostgresTriggers } from "./postgres-triggers.ts";
import { LIST_DRIVERS } from "./sql/list-drivers.ts";
import { LIST_SLOT_USES } from "./sql/list-slot-uses.ts";
import { READ_CLOCK } from "./sql/read-clock.ts";
import { READ_HOLD } from "./sql/read-hold.ts";
import { READ_MISSING_RIGHTS } from "./sql/read-missing-rights.ts";
import { READ_SERVER } from "./sql/read-server.ts";
import type { StoreParts } from "./store-parts.ts";

const SESSIONS_MAX = 2;
/** The quickest of so many answers tells the most about the server's clock. */
const CLOCK_LOOKS = 5;
const LOOKING = "looking at the database";

export interface DatabaseInspection {
  readonly facts: DatabaseFacts;
  /** Reads only; null where the schema is not the one of this release. */
  readonly store: Store | null;
  /** Who drives the open runs, as it is now; empty where `store` is null. */
  drivers(): Promise<readonly DriverFacts[]>;
  /** Who has how many slots that hosts share; empty where `store` is null. */
  slots(): Promise<readonly SlotUse[]>;
  close(): Promise<void>;
}

interface DriverRow {
  readonly host: number | null;
  readonly name: string | null;
  readonly address: string | null;
  readonly isDraining: boolean;
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
  readonly hasLease: boolean;
  readonly isOverdue: boolean;
  readonly openRuns: number;
  readonly oldestRunId: string | null;
}

/** Rejects with store_unavailable, store_corrupt or config_invalid. */
export async function inspectPostgresStore(options: {
  readonly url: string;
  readonly schema?: string;
  /** When a lease has been over for so long, others should have taken the host's runs. */
  readonly overdueMs: number;
}): Promise<DatabaseInspection> {
  const address = readOnlyAddress(databaseAddress(options.url, options.schema));
  const schemaVersion = await versionOf(address);
  const sessions = new Sessions(address, SESSIONS_MAX);
  try {
    const isReadable = schemaVersion === MIGRATIONS.length;
    const facts = await factsOf(sessions, address, schemaVersion);
    const store = isReadable ? readingStore(sessions, address) : null;
    return {
      facts,
      store,
      async drivers() {
        if (store === null) return [];
        const rows = await sessions.all<DriverRow>(LOOKING, LIST_DRIVERS, options.overdueMs);
        return rows.map(toDriver);
      },
      async slots() {
        if (store === null) return [];
        return await sessions.all<SlotUse>(LOOKING, LIST_SLOT_USES, options.overdueMs);
      },
      async close() {
        await store?.close();
        await sessions.close();
      },
    };
  } catch (error) {
    await sessions.close();
    throw error;
  }
}

async function versionOf(address: DatabaseAddress): Promise<number> {
  try {
    return (await migrationStatus(address, MIGRATIONS)).version;
  } catch (error) {
    const isNewer = error instanceof LockstitchError && error.code === "store_newer";
    const version = isNewer ? error.details["storeVersion"] : null;
    if (typeof version !== "number") throw error;
    return version;
  }
}

async function factsOf(
  sessions: Sessions,
  { label, schema }: DatabaseAddress,
  schemaVersion: number,
): Promise<DatabaseFacts> {
  type Server = Pick<
    DatabaseFacts,
    "serverVersion" | "fsync" | "fullPageWrites" | "synchronousCommit"
  >;
  const server = await sessions.get<Server>(LOOKING, READ_SERVER);
  if (server === undefined) throw new LockstitchError("internal", "the server said nothing");
  const clockAheadMs = await clockAheadOf(sessions);
  const rights = await sessions.all<{ readonly missing: string }>(
    ...([LOOKING, READ_MISSING_RIGHTS, schema] as const),
  );
  const missingRights = rights.map(({ missing }) => missing).toSorted();
  const facts = { label, schema, schemaVersion, ...server, clockAheadMs, missingRights };
  const supportedVersion = MIGRATIONS.length;
  if (schemaVersion !== supportedVersion)
    return { ...facts, supportedVersion, fileBytes: null, hold: null };
  const hold = await sessions.get<{ readonly hold: string }>(LOOKING, READ_HOLD);
  const { fileBytes } = await new StoreMeasure(sessions).size();
  return {
    ...{ ...facts, supportedVersion, fileBytes },
    hold: hold === undefined ? null : (JSON.parse(hold.hold) as StoreHold),
  };
}

async function clockAheadOf(sessions: Sessions): Promise<number> {
  let best = { tookMs: Number.POSITIVE_INFINITY, aheadMs: 0 };
  for (let look = 0; look < CLOCK_LOOKS; look++) {
    const sentMs = Date.now();
    const sentAtMs = performance.now();
    const row = await sessions.get<{ readonly nowMs: number }>(LOOKING, READ_CLOCK);
    const tookMs = performance.now() - sentAtMs;
    const aheadMs = Math.round((row?.nowMs ?? 0) - (sentMs + tookMs / 2));
    if (tookMs < best.tookMs) best = { tookMs, aheadMs };
  }
  return best.aheadMs;
}

function toDriver(row: DriverRow): DriverFacts {
  const { host, hasLease, isOverdue, openRuns, oldestRunId } = row;
  const { name, address, isDraining, startedAtMs, expiresAtMs } = row;
  const facts = name === null ? null : { name, address, isDraining, startedAtMs, expiresAtMs };
  return { host, facts, hasLease, isOverdue, openRuns, oldestRunId };
}

function readingStore(sessions: Sessions, address: DatabaseAddress): Store {
  const parts: StoreParts = {
    ...{ sessions, epoch: 0, areas: [], owner: null, nowMs: Date.now, logger: null },
  };
  const writer = new WriterSession(address, async () => {
    throw new LockstitchError("store_unavailable", "the store is only looked at");
  });
  const queue = new CommitQueue(parts, writer);
  return {
    journal: new PostgresJournal(parts, queue),
    catalogue: new PostgresCatalogue(parts),
    blobs: new PostgresBlobStore(parts),
    memos: new PostgresMemoStore(parts, new MemoUses()),
    state: new PostgresStateStore(parts),
    triggers: new PostgresTriggers(parts),
    logs: new PostgresStepLogs(parts),
    epoch: 0,
    describe: async () => ({ adapter: "postgres" }),
    close: () => queue.close(),
  };
}
