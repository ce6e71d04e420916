/**
 * Opens the store of a PostgreSQL database: a pool for reads, one session for commits. Many hosts may
 * have it open at once; what a commit is and how it is fenced stands in postgres-journal.ts.
 *
 *   1. A server that acknowledges commits before they are on its disk is refused
 *      (synchronous_commit = off), at the opening and whenever the writer's session is opened anew.
 *   2. Each opening has an epoch of its own, greater than all before. It owns no run by itself:
 *      `claim: "all"` makes every open run its own, and is for a host that is alone.
 */
import { randomBytes } from "node:crypto";
import { LockstitchError } from "#errors/errors.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Store } from "#ports/store.ts";
import type { StoreCopies } from "#ports/store-copy.ts";
import { MEMO_LIMITS, type MemoLimits } from "../memo-limits.ts";
import { CommitQueue } from "./commit-queue.ts";
import { type Ask, Sessions, WriterSession } from "./connection.ts";
import { type DatabaseAddress, databaseAddress } from "./database-address.ts";
import { MemoUses } from "./memo-uses.ts";
import { migrate, refusePending, toOpeningError } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/all.ts";
import { PostgresBlobStore } from "./postgres-blob-store.ts";
import { PostgresCatalogue } from "./postgres-catalogue.ts";
import { type HostOptions, PostgresHosts } from "./postgres-hosts.ts";
import { PostgresJournal } from "./postgres-journal.ts";
import { PostgresMemoStore } from "./postgres-memo-store.ts";
import { PostgresStateStore } from "./postgres-state-store.ts";
import { PostgresStepLogs } from "./postgres-step-logs.ts";
import { PostgresTriggers } from "./postgres-triggers.ts";
import { PostgresUpkeep } from "./postgres-upkeep.ts";
import { PostgresUsage } from "./postgres-usage.ts";
import { refuseLent } from "./refuse-pooler.ts";
import { ADD_COMMIT_MARK } from "./sql/add-commit-mark.ts";
import { CLAIM_OPEN_RUNS } from "./sql/claim-open-runs.ts";
import { ENSURE_VERSION_KEY } from "./sql/ensure-version-key.ts";
import { FOLD_COUNTS } from "./sql/fold-counts.ts";
import { FOLD_SHARED_USAGE } from "./sql/fold-shared-usage.ts";
import { NEXT_EPOCH } from "./sql/next-epoch.ts";
import { READ_STORE } from "./sql/read-store.ts";
import { READ_VERSION_KEY } from "./sql/read-version-key.ts";
import { SETTLE_WRITER } from "./sql/settle-writer.ts";
import type { StoreParts } from "./store-parts.ts";
import { StoreTidying } from "./store-tidying.ts";
import { waveAreas } from "./wave-areas.ts";

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database?sslmode=...`. */
  readonly url: string;
  /** Where the tables are; DEFAULT_SCHEMA by default. */
  readonly schema?: string | undefined;
  /** Makes the opening one of several hosts: it owns the runs that it creates or claims (see Hosts). */
  readonly host?: HostOptions | undefined;
  /** Without `host`: which open runs this opening takes from whoever has them; none by default. */
  readonly claim?: "all" | "none" | undefined;
  /** false: a database that lacks a migration is refused. */
  readonly autoMigrate?: boolean | undefined;
  /** Sessions beside the writer's; POOL_MAX by default. */
  readonly poolMax?: number | undefined;
  /** How backups are written; absent: there are none. */
  readonly copies?: StoreCopies | undefined;
  /** How much is remembered; MEMO_LIMITS by default. */
  readonly memoLimits?: MemoLimits | undefined;
  /** Judges the age of start keys and consumed messages; the machine's by default. */
  readonly clock?: Pick<Clock, "nowMs"> | undefined;
  readonly logger?: Pick<Logger, "error"> | undefined;
}

interface StoreRow {
  readonly storeId: string | null;
  readonly serverVersion: string;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  /** The server's, behind the session that asked. */
  readonly process: number;
}

const OPENING = "opening the store";
const VERSION_KEY_BYTES = 32;

/** Rejects with store_unavailable, store_newer, store_corrupt or config_invalid. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { claim = "none", host, autoMigrate = true, poolMax, logger } = options;
  const { clock = { nowMs: Date.now }, memoLimits = MEMO_LIMITS } = options;
  const memoUses = new MemoUses();
  const address = databaseAddress(options.url, options.schema);
  const schemaVersion = await (autoMigrate ? migrate : refusePending)(address, MIGRATIONS);
  const sessions = new Sessions(address, poolMax);
  let writerProcess = 0;
  const writer = new WriterSession(address, async (ask) => {
    writerProcess = await settleWriter(ask, address);
  });
  try {
    const { process, ...facts } = await factsOf(sessions, address);
    const epoch = await openingEpoch(sessions, claim);
    await writer.open();
    refuseLent(address, [process, writerProcess]);
    const owner = host === undefined ? null : epoch;
    const parts: StoreParts = {
      sessions,
      epoch,
      areas: waveAreas({ memoLimits, memoUses, owner }),
      owner,
      nowMs: () => clock.nowMs(),
      logger: logger ?? null,
    };
    const hosts = host === undefined ? null : new PostgresHosts(parts, address, host);
    await hosts?.open();
    const queue = new CommitQueue(parts, writer);
    const tidying = new StoreTidying(parts, memoLimits, memoUses);
    return {
      journal: new PostgresJournal(parts, queue),
      catalogue: new PostgresCatalogue(parts),
      blobs: new PostgresBlobStore(parts),
      memos: new PostgresMemoStore(parts, memoUses),
      state: new PostgresStateStore(parts),
      triggers: new PostgresTriggers(parts),
      usage: new PostgresUsage(parts),
      logs: new PostgresStepLogs(parts),
      upkeep: new PostgresUpkeep(parts, options.copies ?? null),
      ...(hosts === null ? {} : { hosts }),
      epoch: parts.epoch,
      versionKey: await versionKeyOf(sessions),
      describe: async () => ({
        adapter: "postgres",
        schemaVersion,
        ...facts,
        ...describedOf(await sessions.get<StoreRow>("describing the store", READ_STORE)),
      }),
      close: async () => {
        await hosts?.close();
        await tidying.close();
        await queue.close();
        await sessions.close();
      },
    };
  } catch (error) {
    await writer.close();
    await sessions.close();
    throw toOpeningError(error, address);
  }
}

async function factsOf(sessions: Sessions, address: DatabaseAddress) {
  const row = await sessions.get<StoreRow>(OPENING, READ_STORE);
  if (row === undefined || row.storeId === null)
    throw new LockstitchError("store_corrupt", `${address.label} has lost its id`);
  refuseUnsynced(row.synchronousCommit, address, "config_invalid");
  return { storeId: row.storeId, schema: address.schema, process: row.process };
}

/** The same for whoever opens the store, however many do so at once for the first time. */
async function versionKeyOf(sessions: Sessions): Promise<Uint8Array> {
  const made = randomBytes(VERSION_KEY_BYTES).toString("hex");
  await sessions.change(OPENING, ENSURE_VERSION_KEY, made);
  const row = await sessions.get<{ readonly key: string }>(OPENING, READ_VERSION_KEY);
  return Buffer.from(row?.key ?? made, "hex");
}

async function openingEpoch(sessions: Sessions, claim: "all" | "none"): Promise<number> {
  const epoch = (await sessions.get<{ epoch: number }>(OPENING, NEXT_EPOCH))?.epoch ?? 0;
  await sessions.change(OPENING, ADD_COMMIT_MARK, epoch);
  await sessions.change(OPENING, FOLD_COUNTS);
  await sessions.change(OPENING, FOLD_SHARED_USAGE);
  if (claim === "all") await sessions.change(OPENING, CLAIM_OPEN_RUNS, epoch);
  return epoch;
}

/** Answers the server's process behind the session. */
async function settleWriter(ask: Ask, address: DatabaseAddress): Promise<number> {
  type Row = Pick<StoreRow, "synchronousCommit" | "process">;
  const [row] = (await ask<Row>(SETTLE_WRITER)).rows;
  // Later it is the operator's to mend while the host goes on: no run is to blame.
  refuseUnsynced(row?.synchronousCommit ?? "", address, "store_unavailable");
  return row?.process ?? 0;
}

function refuseUnsynced(
  synchronousCommit: string,
  { label }: DatabaseAddress,
  code: "config_invalid" | "store_unavailable",
): void {
  if (synchronousCommit !== "off") return;
  throw new LockstitchError(
    code,
    `${label} has synchronous_commit = off: a commit that it acknowledges may be lost. Set it to on for this user or database: ALTER ROLE ... SET synchronous_commit = on`,
  );
}

function describedOf(row: StoreRow | undefined): Readonly<Record<string, string>> {
  if (row === undefined) return {};
  const { serverVersion, fsync, fullPageWrites, synchronousCommit } = row;
  return { serverVersion, fsync, fullPageWrites, synchronousCommit };
}
