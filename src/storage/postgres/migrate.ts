/**
 * Brings a database to the schema that this release reads.
 *
 *   1. Each migration runs in one transaction with the record of it, under a lock that all hosts
 *      take: of two that open at once one migrates, and the other finds it done.
 *   2. A store of a newer release is refused untouched (store_newer).
 *   3. A store whose applied migrations differ from the ones this release ships is refused
 *      (store_corrupt): its schema is not what its version says.
 *   4. A database that needs nothing is only read: no right to create is needed then.
 */
import { hash } from "node:crypto";
import pg, { type Client } from "pg";
import { LockstitchError } from "#errors/errors.ts";
import type { Migration } from "../migration.ts";
import type { DatabaseAddress } from "./database-address.ts";
import { sqlStateOf, tlsAdviceOf, toStoreError } from "./postgres-error.ts";
import { POOLED, pooled, refuseLostSettings } from "./refuse-pooler.ts";

/** PostgreSQL 14 is no longer maintained, and nothing is tried with it. */
const SERVER_VERSION_MIN = 150_000;
/** Another host may be migrating a large store. */
const LOCK_MS_MAX = 600_000;

interface Applied {
  readonly version: number;
  readonly checksum: string;
}

export interface MigrationStatus {
  readonly version: number;
  readonly supportedVersion: number;
  readonly pending: readonly string[];
}

/** What is applied and what is not; changes nothing. */
export async function migrationStatus(
  address: DatabaseAddress,
  migrations: readonly Migration[],
): Promise<MigrationStatus> {
  return await withClient(address, async (client) => {
    const found = checked(await appliedOf(client, address), migrations, address);
    return {
      version: found,
      supportedVersion: migrations.length,
      pending: migrations.slice(found).map(({ version, name }) => `${version} ${name}`),
    };
  });
}

/** Runs what is missing; answers the schema version in force. */
export async function migrate(
  address: DatabaseAddress,
  migrations: readonly Migration[],
): Promise<number> {
  return await withClient(address, async (client) => {
    const found = checked(await appliedOf(client, address), migrations, address);
    for (const migration of migrations.slice(found))
      await apply(client, address, migrations, migration);
    return migrations.length;
  });
}

/** Throws config_invalid where migrations are pending: for those who migrate by hand. */
export async function refusePending(
  address: DatabaseAddress,
  migrations: readonly Migration[],
): Promise<number> {
  const { version, supportedVersion, pending } = await migrationStatus(address, migrations);
  if (pending.length === 0) return version;
  throw new LockstitchError(
    "config_invalid",
    `${address.label} has schema version ${version}, this release of Lockstitch needs ${supportedVersion}: run \`lockstitch database migrate\` first`,
    { details: { storeVersion: version, supportedVersion } },
  );
}

async function apply(
  client: Client,
  address: DatabaseAddress,
  migrations: readonly Migration[],
  { version, name, sql }: Migration,
): Promise<void> {
  const { schema } = address;
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_MS_MAX}`);
    await client.query("SET LOCAL statement_timeout = 0");
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [
      `lockstitch migrations of ${schema}`,
    ]);
    // Another host may have been quicker.
    if (checked(await appliedOf(client, address), migrations, address) < version) {
      const { rows } = await client.query("SELECT to_regnamespace($1) IS NULL AS missing", [
        schema,
      ]);
      // Asks for the right to create schemas even where there is one already.
      if (rows[0]?.missing === true) await client.query(`CREATE SCHEMA ${schema}`);
      await client.query(
        "CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
      );
      await client.query(sql);
      await client.query("INSERT INTO migrations (version, name, checksum) VALUES ($1, $2, $3)", [
        version,
        name,
        hash("sha256", sql),
      ]);
    }
    await client.query("COMMIT");
  } catch (error) {
    // The error of the statement is the one to tell; without a session there is nothing to undo.
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

async function appliedOf(client: Client, { schema }: DatabaseAddress): Promise<readonly Applied[]> {
  const { rows: found } = await client.query("SELECT to_regclass($1) IS NOT NULL AS there", [
    `${schema}.migrations`,
  ]);
  if (found[0]?.there !== true) return [];
  const { rows } = await client.query<Applied>(
    "SELECT version, checksum FROM migrations ORDER BY version",
  );
  return rows;
}

function checked(
  applied: readonly Applied[],
  migrations: readonly Migration[],
  { label }: DatabaseAddress,
): number {
  const found = applied.at(-1)?.version ?? 0;
  const known = migrations.length;
  if (found > known)
    throw new LockstitchError(
      "store_newer",
      `${label} has schema version ${found}, this release of Lockstitch reads up to ${known}: use a newer release`,
      { details: { storeVersion: found, supportedVersion: known } },
    );
  for (const { version, name, sql } of migrations.slice(0, found))
    if (applied[version - 1]?.checksum !== hash("sha256", sql))
      throw new LockstitchError(
        "store_corrupt",
        `migration ${version} (${name}) of ${label} is not the one of this release`,
      );
  return found;
}

async function withClient<Result>(
  address: DatabaseAddress,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ ...address.config, query_timeout: LOCK_MS_MAX });
  // What breaks the connection rejects the statement that waits.
  client.on("error", () => {});
  try {
    await client.connect();
    await refuseServer(client, address);
    return await work(client);
  } catch (error) {
    throw toOpeningError(error, address);
  } finally {
    // Whatever is wrong with it has been told by a statement.
    await client.end().catch(() => {});
  }
}

async function refuseServer(client: Client, address: DatabaseAddress): Promise<void> {
  const { label } = address;
  const { rows } = await client.query(
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name, current_setting('server_encoding') AS encoding, current_setting('search_path') AS \"searchPath\"",
  );
  const { version, name, encoding, searchPath } = rows[0] ?? {};
  if (version < SERVER_VERSION_MIN)
    throw new LockstitchError(
      "config_invalid",
      `${label} is PostgreSQL ${name}: Lockstitch needs 15 or newer`,
    );
  if (encoding !== "UTF8")
    throw new LockstitchError(
      "config_invalid",
      `${label} has the encoding ${encoding}: create the database with ENCODING 'UTF8'`,
    );
  refuseLostSettings(address, String(searchPath));
}

/** What only an operator can mend: while nothing runs yet, waiting for it would hide it. */
const LASTING = /^(28|3D000|42501)/;

/** As toStoreError(), but whoever opens a store is told at once what cannot pass. */
export function toOpeningError(error: unknown, address: DatabaseAddress): LockstitchError {
  // What a statement of the opening was answered has been told without saying where.
  const isTold = error instanceof LockstitchError && sqlStateOf(error.cause) !== null;
  const cause = isTold ? error.cause : error;
  const known = toStoreError(cause, `opening ${address.label}`);
  if (POOLED.test(sqlStateOf(cause) ?? "")) return pooled(address, (cause as Error).message);
  return LASTING.test(sqlStateOf(cause) ?? "") || tlsAdviceOf(cause) !== null
    ? new LockstitchError("config_invalid", known.message, { details: known.details, cause })
    : known;
}
