/** The schema of a database for whoever brings it up to date by hand: `lockstitch database`. */
import { databaseAddress } from "./database-address.ts";
import { type MigrationStatus, migrate, migrationStatus } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/all.ts";

export interface SchemaStatus extends MigrationStatus {
  /** Names the database for people; without the password. */
  readonly label: string;
  readonly schema: string;
}

/** Changes nothing. Rejects with store_newer, store_corrupt, store_unavailable, config_invalid. */
export async function schemaStatus(url: string): Promise<SchemaStatus> {
  const address = databaseAddress(url);
  const { label, schema } = address;
  return { label, schema, ...(await migrationStatus(address, MIGRATIONS)) };
}

/** Runs what is pending and answers that, with the version as it is now. Rejects as schemaStatus(). */
export async function migrateByHand(url: string): Promise<SchemaStatus> {
  const before = await schemaStatus(url);
  if (before.pending.length === 0) return before;
  return { ...before, version: await migrate(databaseAddress(url), MIGRATIONS) };
}
