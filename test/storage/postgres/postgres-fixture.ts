/**
 * A PostgreSQL server of the test file's own and, on it, a database for each test: a copy of one that
 * was migrated once. Without PostgreSQL the file's suites are skipped, loudly.
 */
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { databaseAddress } from "#storage/postgres/database-address.ts";
import { migrate } from "#storage/postgres/migrate.ts";
import { MIGRATIONS } from "#storage/postgres/migrations/all.ts";
import {
  openPostgresStore,
  type PostgresStoreOptions,
} from "#storage/postgres/open-postgres-store.ts";
import { sqliteCopies } from "#storage/sqlite/store-copies.ts";
import type { StoreFixture } from "../../contract/store-fixture.ts";
import {
  type PostgresOptions,
  type PostgresServer,
  programOrSkip,
  startPostgres,
} from "../../support/real-server.ts";

const TEMPLATE = "template_of_tests";

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** Rows as the server gives them, over a session of the test's own; names without the schema. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

export interface PostgresStoreFixture extends StoreFixture {
  readonly database: TestDatabase;
}

export type OpeningOptions = Partial<Omit<PostgresStoreOptions, "url">>;

export interface TestPostgres {
  readonly server: PostgresServer;
  /** A new database: migrated, unless `isEmpty`. */
  database(isEmpty?: boolean): Promise<TestDatabase>;
  /** A store in a database of its own. */
  openStore(options?: OpeningOptions): Promise<PostgresStoreFixture>;
}

/** At the top of a test file; null: no PostgreSQL, use describe.skipIf. */
export function postgresForTests(options: PostgresOptions = {}): TestPostgres | null {
  const program = programOrSkip("postgres");
  if (program === null) return null;
  let starting: Promise<PostgresServer> | null = null;
  let started: PostgresServer | null = null;
  let databases = 0;
  const server = (): PostgresServer => {
    if (started === null) throw new Error("the server starts with the first test");
    return started;
  };
  const administer = (sql: string) => queryOnce(server().url("postgres"), sql);
  beforeAll(async () => {
    starting = startPostgres(program, options);
    started = await starting;
    await administer(`CREATE DATABASE ${TEMPLATE}`);
    await migrate(databaseAddress(started.url(TEMPLATE)), MIGRATIONS);
  });
  afterAll(async () => {
    // Also one that came up after the hook above had run out of time.
    await (await starting)?.[Symbol.asyncDispose]();
  });
  const database = async (isEmpty = false): Promise<TestDatabase> => {
    const name = `test${++databases}`;
    await administer(`CREATE DATABASE ${name} TEMPLATE ${isEmpty ? "template0" : TEMPLATE}`);
    const url = server().url(name);
    return {
      name,
      url,
      query: (sql, values) => queryOnce(url, sql, values),
      [Symbol.asyncDispose]: async () => {
        await administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      },
    };
  };
  return {
    get server() {
      return server();
    },
    database,
    openStore: async (more) => await storeIn(await database(), more),
  };
}

/** With a clock that only advance() moves. */
export async function storeIn(
  database: TestDatabase,
  more: OpeningOptions = {},
): Promise<PostgresStoreFixture> {
  let nowMs = Date.UTC(2026, 0, 1);
  const open = () =>
    openPostgresStore({
      ...{ url: database.url, claim: "all", clock: { nowMs: () => nowMs }, poolMax: 3 },
      copies: sqliteCopies,
      ...more,
    });
  let store = await open();
  return {
    database,
    get store() {
      return store;
    },
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
    advance(byMs) {
      nowMs += byMs;
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function queryOnce(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, options: "-c search_path=lockstitch" });
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
