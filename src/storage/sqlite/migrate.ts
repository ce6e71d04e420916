/**
 * Brings a store to the schema that this release reads.
 *
 *   1. Each migration runs in one transaction with the record of it: a store is at version n or
 *      n + 1, never between.
 *   2. A store of a newer release is refused untouched (store_newer).
 *   3. A store whose applied migrations differ from the ones this release ships is refused
 *      (store_corrupt): its schema is not what its version says.
 */
import { hash } from "node:crypto";
import { LockstitchError } from "#errors/errors.ts";
import type { Migration } from "../migration.ts";
import { APPLICATION_ID, type Connection } from "./connection.ts";
import { toStoreError } from "./sqlite-error.ts";

/** Runs what is missing; answers the schema version in force. */
export function migrate(
  connection: Connection,
  migrations: readonly Migration[],
  nowMs: number,
): number {
  try {
    return migrateUnguarded(connection, migrations, nowMs);
  } catch (error) {
    throw toStoreError(error, "migrating the store");
  }
}

function migrateUnguarded(
  connection: Connection,
  migrations: readonly Migration[],
  nowMs: number,
): number {
  refuseForeignFile(connection);
  const known = migrations.length;
  const found = Number(connection.pragma("user_version"));
  if (found > known) {
    throw new LockstitchError(
      "store_newer",
      `the store has schema version ${found}, this release of Lockstitch reads up to ${known}: use a newer release`,
      { details: { storeVersion: found, supportedVersion: known } },
    );
  }
  for (const migration of migrations.slice(0, found)) checkApplied(connection, migration);
  for (const migration of migrations.slice(found)) apply(connection, migration, nowMs);
  return known;
}

function refuseForeignFile(connection: Connection): void {
  const id = Number(connection.pragma("application_id"));
  if (id === APPLICATION_ID) return;
  const tables = connection.get<{ count: number }>("SELECT count(*) AS count FROM sqlite_schema");
  if (id !== 0 || (tables !== undefined && tables.count > 0)) {
    throw new LockstitchError(
      "store_corrupt",
      "the database file in the data directory is not a Lockstitch store: choose another data directory",
    );
  }
}

function checkApplied(connection: Connection, migration: Migration): void {
  const row = connection.get<{ checksum: string }>(
    "SELECT checksum FROM migrations WHERE version = ?1",
    migration.version,
  );
  if (row?.checksum === checksumOf(migration)) return;
  throw new LockstitchError(
    "store_corrupt",
    `migration ${migration.version} (${migration.name}) of the store is not the one of this release`,
  );
}

function apply(connection: Connection, migration: Migration, nowMs: number): void {
  const { database } = connection;
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(
      "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT",
    );
    database.exec(migration.sql);
    database
      .prepare(
        "INSERT INTO migrations (version, name, checksum, applied_at_ms) VALUES (?, ?, ?, ?)",
      )
      .run(migration.version, migration.name, checksumOf(migration), nowMs);
    database.exec(`PRAGMA user_version = ${migration.version}`);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function checksumOf(migration: Migration): string {
  return hash("sha256", migration.sql);
}
