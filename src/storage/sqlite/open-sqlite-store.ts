/**
 * Opens the embedded store of a data directory: one SQLite file, one writer, one reading
 * connection. See connection.ts for durability, group-writer.ts for what a commit is.
 *
 * The writer is a worker by default, and beside it the calling thread for lone commits while the
 * disk is fast (adaptive-writer.ts). Measured on 2 cores, turns of 400 bytes, append +
 * fdatasync of the same bytes 0.21-0.28 ms: a lone commit takes 0.23 ms p50 in the calling thread
 * and 0.31-0.33 ms through the worker (4,100 and 2,900 a second in sequence); groups of 100 take
 * 0.95 and 1.2 ms (92,000 and 76,000 turns a second). The worker costs a tenth of a millisecond and
 * gives back the event loop: nothing waits for a slow disk, and the next group is computed while
 * this one is written.
 *
 * The caller holds the directory's ownership (ownership.ts). If it does not, the epoch still
 * fences: each opening takes a greater one, and a writer of an older epoch writes nothing.
 */
import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { LockstitchError } from "#errors/errors.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Store } from "#ports/store.ts";
import type { MemoLimits } from "../memo-limits.ts";
import { AdaptiveWriter, type Pace } from "./adaptive-writer.ts";
import { Connection } from "./connection.ts";
import { makeDataDirectory } from "./data-directory.ts";
import { LocalWriter } from "./local-writer.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/all.ts";
import { CLAIM_EPOCH } from "./sql/claim-epoch.ts";
import { READ_STORE_ID } from "./sql/read-store-id.ts";
import { SqliteBlobStore } from "./sqlite-blob-store.ts";
import { SqliteCatalogue } from "./sqlite-catalogue.ts";
import { toStoreError } from "./sqlite-error.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import { SqliteMemoStore } from "./sqlite-memo-store.ts";
import { SqliteStateStore } from "./sqlite-state-store.ts";
import { SqliteTriggers } from "./sqlite-triggers.ts";
import { SqliteUpkeep } from "./sqlite-upkeep.ts";
import { SqliteUsage } from "./sqlite-usage.ts";
import { STORE_FILE } from "./store-file.ts";
import type { StoreParts } from "./store-parts.ts";
import { WorkerReader } from "./worker-reader.ts";
import { WorkerWriter } from "./worker-writer.ts";
import type { Writer } from "./writer-calls.ts";

export interface SqliteStoreOptions {
  /** Made when it is not there. */
  readonly dataDir: string;
  /** Where the writer runs. */
  readonly mode?: "adaptive" | "worker" | "local";
  /** Of "adaptive": judges when the calling thread may wait for the disk. */
  readonly pace?: Pace;
  /** How much is remembered; MEMO_LIMITS by default. */
  readonly memoLimits?: MemoLimits | undefined;
  /** Judges the age of start keys and consumed messages; the machine's by default. */
  readonly clock?: Pick<Clock, "nowMs">;
  readonly logger?: Pick<Logger, "error">;
}

/** Rejects with store_unavailable, store_newer or store_corrupt. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const dataDir = resolve(options.dataDir);
  const path = join(dataDir, STORE_FILE);
  const clock = options.clock ?? { nowMs: Date.now };
  makeDataDirectory(dataDir);
  const opened = prepare(path, clock.nowMs());
  try {
    await syncDirectory(dataDir);
    await syncDirectory(dirname(dataDir));
    const writer = startWriter(path, opened.epoch, options);
    const facts = { schemaVersion: opened.schemaVersion, storeId: opened.storeId };
    // The first call starts the worker, and fails here if it cannot work.
    await writer.call("describe", null);
    const reader = new Connection(path, "read");
    const longReader = new WorkerReader(path);
    const parts: StoreParts = {
      writer,
      reader: longReader,
      epoch: opened.epoch,
      nowMs: () => clock.nowMs(),
      logger: options.logger ?? null,
      read: (doing, query) => {
        if (!reader.database.isOpen) {
          throw new LockstitchError("store_unavailable", "the store is closed");
        }
        try {
          return query(reader);
        } catch (error) {
          throw toStoreError(error, doing);
        }
      },
    };
    return {
      journal: new SqliteJournal(parts),
      catalogue: new SqliteCatalogue(parts),
      blobs: new SqliteBlobStore(parts),
      upkeep: new SqliteUpkeep(parts, path),
      memos: new SqliteMemoStore(parts),
      state: new SqliteStateStore(parts),
      triggers: new SqliteTriggers(parts),
      usage: new SqliteUsage(parts),
      logs: {
        read: ({ tenant }, runId, query) => parts.reader.call("logs", { tenant, runId, query }),
      },
      epoch: opened.epoch,
      describe: async () => ({
        adapter: "sqlite",
        writer: options.mode ?? "adaptive",
        ...facts,
        ...(await writer.call("describe", null)),
      }),
      close: async () => {
        // The writer closes last of all connections: then it empties the WAL.
        reader.close();
        await longReader.close();
        await writer.close();
      },
    };
  } finally {
    opened.connection.close();
  }
}

function startWriter(
  path: string,
  epoch: number,
  { mode, pace, memoLimits }: Pick<SqliteStoreOptions, "mode" | "pace" | "memoLimits">,
): Writer {
  if (mode === "local") return new LocalWriter(path, epoch, { memoLimits });
  if (mode === "worker") return new WorkerWriter(path, epoch, { memoLimits });
  return new AdaptiveWriter(path, epoch, { pace, memoLimits });
}

function prepare(path: string, nowMs: number) {
  const connection = new Connection(path, "write");
  try {
    const schemaVersion = migrate(connection, MIGRATIONS, nowMs);
    const epoch = connection.get<{ epoch: number }>(CLAIM_EPOCH)?.epoch;
    const storeId = connection.get<{ storeId: string }>(READ_STORE_ID)?.storeId;
    if (epoch === undefined || storeId === undefined) {
      throw new LockstitchError("store_corrupt", `${path} has lost its epoch or its id`);
    }
    return { connection, schemaVersion, epoch, storeId };
  } catch (error) {
    connection.close();
    throw toStoreError(error, `opening ${path}`);
  }
}

/** A file that is durable is no use while its name is not. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Bytes of the store's files; 0 for one that is not there. */
export function storeBytes(dataDir: string): { readonly database: number; readonly wal: number } {
  const sizeOf = (file: string): number =>
    statSync(join(dataDir, file), { throwIfNoEntry: false })?.size ?? 0;
  return { database: sizeOf(STORE_FILE), wal: sizeOf(`${STORE_FILE}-wal`) };
}
