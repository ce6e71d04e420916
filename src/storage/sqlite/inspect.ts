/**
 * Opens a store to look at it and nothing else: no epoch is claimed, nothing is migrated, an owner
 * that runs beside it notices nothing. For `lockstitch doctor`.
 */
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { LockstitchError } from "#errors/errors.ts";
import type { Store } from "#ports/store.ts";
import type { StoreFacts } from "#ports/store-facts.ts";
import type { StoreHold } from "#ports/upkeep.ts";
import { APPLICATION_ID, Connection } from "./connection.ts";
import { MIGRATIONS } from "./migrations/all.ts";
import type { Reader } from "./reader-calls.ts";
import { READER_QUERIES } from "./reader-queries.ts";
import { READ_HOLD } from "./sql/read-hold.ts";
import { READ_STORE_ID } from "./sql/read-store-id.ts";
import { SqliteBlobStore } from "./sqlite-blob-store.ts";
import { SqliteCatalogue } from "./sqlite-catalogue.ts";
import { toStoreError } from "./sqlite-error.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import { SqliteMemoStore } from "./sqlite-memo-store.ts";
import { SqliteStateStore } from "./sqlite-state-store.ts";
import { SqliteTriggers } from "./sqlite-triggers.ts";
import { STORE_FILE } from "./store-file.ts";
import type { StoreParts } from "./store-parts.ts";
import type { Writer } from "./writer-calls.ts";

export interface StoreInspection {
  readonly facts: StoreFacts;
  /** Reads only; null where the schema is not the one of this release. */
  readonly store: Store | null;
  /** What SQLite finds wrong with the file; empty: nothing. `isDeep` compares indexes, too. */
  damage(isDeep: boolean): readonly string[];
  close(): void;
}

/** null: there is no store yet. Throws store_corrupt, store_unavailable. */
export function inspectStore(dataDir: string): StoreInspection | null {
  const path = join(resolve(dataDir), STORE_FILE);
  if (!existsSync(path)) return null;
  const reader = new Connection(path, "read");
  try {
    const facts = factsOf(reader, path);
    const isReadable = facts.schemaVersion === facts.supportedVersion;
    return {
      facts,
      store: isReadable ? readingStore(reader) : null,
      damage: (isDeep) =>
        reader
          .all<Record<string, string>>(`PRAGMA ${isDeep ? "integrity_check" : "quick_check"}(20)`)
          .map((row) => Object.values(row)[0] ?? "")
          .filter((text) => text !== "ok"),
      close: () => reader.close(),
    };
  } catch (error) {
    reader.close();
    throw toStoreError(error, `looking at ${path}`);
  }
}

function factsOf(reader: Connection, path: string): StoreFacts {
  if (Number(reader.pragma("application_id")) !== APPLICATION_ID)
    throw new LockstitchError("store_corrupt", `${path} is not a Lockstitch store`);
  const hold = reader.get<{ hold: string }>(READ_HOLD);
  const newest = reader.get<{ atMs: number | null }>(
    "SELECT at_ms AS atMs FROM turns ORDER BY number DESC LIMIT 1",
  );
  return {
    storeId: reader.get<{ storeId: string }>(READ_STORE_ID)?.storeId ?? "",
    schemaVersion: Number(reader.pragma("user_version")),
    supportedVersion: MIGRATIONS.length,
    journalMode: String(reader.pragma("journal_mode")),
    fileBytes: statSync(path).size,
    walBytes: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    newestAtMs: newest?.atMs ?? null,
    hold: hold === undefined ? null : (JSON.parse(hold.hold) as StoreHold),
  };
}

function readingStore(connection: Connection): Store {
  const refuse = () =>
    Promise.reject(new LockstitchError("store_unavailable", "the store is only looked at"));
  const writer: Writer = { call: refuse, close: async () => {} };
  const reader: Reader = {
    call: async (kind, input) => READER_QUERIES[kind](connection, input),
    close: async () => {},
  };
  const parts: StoreParts = {
    ...{ writer, reader, epoch: 0, nowMs: Date.now, logger: null },
    read: (_doing, query) => query(connection),
  };
  return {
    journal: new SqliteJournal(parts),
    catalogue: new SqliteCatalogue(parts),
    blobs: new SqliteBlobStore(parts),
    memos: new SqliteMemoStore(parts),
    state: new SqliteStateStore(parts),
    triggers: new SqliteTriggers(parts),
    logs: {
      read: ({ tenant }, runId, query) => parts.reader.call("logs", { tenant, runId, query }),
    },
    epoch: 0,
    describe: async () => ({ adapter: "sqlite" }),
    close: async () => {},
  };
}
