/** Opening a store on PostgreSQL: fresh, again, by two at once, of a newer release, refused. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { SharedUse } from "#ports/state-store.ts";
import { Sessions } from "#storage/postgres/connection.ts";
import { databaseAddress } from "#storage/postgres/database-address.ts";
import { inspectPostgresStore } from "#storage/postgres/inspect.ts";
import { migrate, migrationStatus } from "#storage/postgres/migrate.ts";
import { MIGRATIONS } from "#storage/postgres/migrations/all.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { ALICE, creation } from "../../contract/store-fixture.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

describe.skipIf(postgres === null)("opening a store on PostgreSQL", () => {
  if (postgres === null) return;
  const open = (url: string) => openPostgresStore({ url, claim: "all", poolMax: 2 });

  test("a fresh store says what it runs on, and keeps its id", async () => {
    await using database = await postgres.database(true);
    const first = await open(database.url);
    const described = await first.describe();
    await first.close();
    expect(described).toMatchObject({
      adapter: "postgres",
      schema: "lockstitch",
      schemaVersion: MIGRATIONS.length,
      synchronousCommit: "on",
      fsync: "off",
    });
    const second = await open(database.url);
    expect((await second.describe())["storeId"]).toBe(described["storeId"]);
    expect([first.epoch, second.epoch]).toEqual([1, 2]);
    await second.close();
  });

  test("of two that open at once one migrates", async () => {
    await using database = await postgres.database(true);
    const stores = await Promise.all([open(database.url), open(database.url)]);
    expect(stores.map(({ epoch }) => epoch).toSorted()).toEqual([1, 2]);
    const keys = stores.map(({ versionKey = [] }) => Buffer.from(versionKey).toString("hex"));
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(keys[1]).toBe(keys[0]);
    const applied = await database.query("SELECT version FROM migrations ORDER BY version");
    expect(applied).toEqual(MIGRATIONS.map(({ version }) => ({ version })));
    for (const store of stores) await store.close();
  });

  test("by hand: pending migrations refuse the opening and name the command", async () => {
    await using database = await postgres.database(true);
    const address = databaseAddress(database.url);
    expect(await migrationStatus(address, MIGRATIONS)).toMatchObject({
      version: 0,
      pending: MIGRATIONS.map(({ version, name }) => `${version} ${name}`),
    });
    const options = { url: database.url, claim: "none", autoMigrate: false } as const;
    await expect(openPostgresStore(options)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("lockstitch database migrate"),
    });
    expect(await migrate(address, MIGRATIONS)).toBe(MIGRATIONS.length);
    expect((await migrationStatus(address, MIGRATIONS)).pending).toEqual([]);
    await (await openPostgresStore(options)).close();
  });

  test("a newer store, and one with other migrations, are refused untouched", async () => {
    await using database = await postgres.database();
    const newer = MIGRATIONS.length + 1;
    await database.query(
      `INSERT INTO migrations (version, name, checksum) VALUES (${newer}, 'later', 'x')`,
    );
    await expect(open(database.url)).rejects.toMatchObject({
      code: "store_newer",
      details: { storeVersion: newer, supportedVersion: MIGRATIONS.length },
      message: expect.stringContaining(`/${database.name} has schema version ${newer}`),
    });
    await database.query(`DELETE FROM migrations WHERE version = ${newer}`);
    await database.query("UPDATE migrations SET checksum = 'x' WHERE version = 1");
    await expect(open(database.url)).rejects.toMatchObject({ code: "store_corrupt" });
  });

  test("a server that ends sessions which rest, or waits for nothing, is used as any other", async () => {
    await using database = await postgres.database();
    // At once: a session that began between the two would be ended before it asks.
    const change = (setting: string) => `ALTER DATABASE ${database.name} SET ${setting}`;
    await database.query(`${change("idle_session_timeout = 1")}; ${change("lock_timeout = 1")}`);
    const sessions = new Sessions(databaseAddress(database.url), 1);
    const [kept] = await sessions.all(
      "asking",
      "SELECT current_setting('idle_session_timeout') AS idle, current_setting('lock_timeout') AS lock",
    );
    await sessions.close();
    expect(kept).toEqual({ idle: "0", lock: "2s" });
  });

  test("a server that acknowledges what it may lose is refused, at any time", async () => {
    await using database = await postgres.database();
    const store = await open(database.url);
    await store.journal.commit("c1", [creation({ runId: "a", epoch: store.epoch })]);
    await database.query(`ALTER DATABASE ${database.name} SET synchronous_commit = off`);
    await expect(open(database.url)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("synchronous_commit = off"),
    });
    // The session that is there keeps what it was opened with; the next one is refused.
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    const turns = [creation({ runId: "b", epoch: store.epoch })];
    await expect(store.journal.commit("c2", turns)).rejects.toMatchObject({
      code: "store_unavailable",
    });
    await expect(store.journal.commit("c3", turns)).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("synchronous_commit = off"),
    });
    await database.query(`ALTER DATABASE ${database.name} RESET synchronous_commit`);
    expect(await store.journal.commit("c4", turns)).toEqual({ fenced: [] });
    await store.close();
  });

  test("what only an operator can mend is told at once, and no password with it", async () => {
    await using database = await postgres.database(true);
    const { port, password } = postgres.server;
    const at = (user: string, secret: string, name: string) =>
      `postgres://${user}:${secret}@127.0.0.1:${port}/${name}`;
    const wrong = "not-the-password";
    await database.query("CREATE ROLE poor LOGIN PASSWORD 'poor-password'");
    await database.query("REVOKE ALL ON SCHEMA public FROM poor");
    const cases: readonly (readonly [string, string, string])[] = [
      [at("tester", wrong, database.name), "config_invalid", "password"],
      [at("tester", password, "nowhere"), "config_invalid", "create the database"],
      [at("poor", "poor-password", database.name), "config_invalid", "CREATE on the database"],
      [`${database.url}?sslmod=require`, "config_invalid", 'a parameter "sslmod", which'],
      [`postgres://tester:${wrong}@127.0.0.1:1/x`, "store_unavailable", "can be reached"],
      [`postgres://tester:${wrong}@[/x`, "config_invalid", "like postgres://"],
      [`mysql://tester:${wrong}@h/x`, "config_invalid", "like postgres://"],
      [`postgres://tester:${wrong}@h/x?sslmode=odd`, "config_invalid", "sslmode=odd"],
      [
        `postgres://tester:${wrong}@h/x?sslmode=verify-full&sslrootcert=/no/such.pem`,
        "config_invalid",
        "/no/such.pem",
      ],
      [`${database.url}?sslmode=require`, "config_invalid", "sslmode=disable"],
    ];
    for (const [url, code, part] of cases) {
      const error = await open(url).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error, url).toMatchObject({ code, message: expect.stringContaining(part) });
      expect(inspect(error, { depth: 10 })).not.toMatch(
        new RegExp(`${wrong}|${password}|poor-password`),
      );
    }
    await database.query("DROP ROLE poor");
  });

  test("who may only read is told where and what it lacks; who may look is told before", async () => {
    await using database = await postgres.database();
    const { port } = postgres.server;
    const url = `postgres://reader:read@127.0.0.1:${port}/${database.name}`;
    const look = async (to: string) => {
      const { facts, close } = await inspectPostgresStore({ url: to, overdueMs: 1_000 });
      await close();
      return facts.missingRights;
    };
    await database.query("CREATE ROLE reader LOGIN PASSWORD 'read'");
    await database.query("GRANT USAGE ON SCHEMA lockstitch TO reader");
    await database.query("GRANT SELECT ON ALL TABLES IN SCHEMA lockstitch TO reader");
    await expect(open(url)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringMatching(
        new RegExp(
          `^opening postgres://reader@127.0.0.1:${port}/${database.name}: .*permission denied`,
        ),
      ),
    });
    expect(await look(database.url)).toEqual([]);
    expect(await look(url)).toEqual([
      expect.stringMatching(/^DELETE on \d+ tables of schema lockstitch$/),
      expect.stringMatching(/^INSERT on \d+ tables/),
      expect.stringMatching(/^UPDATE on \d+ tables/),
      expect.stringMatching(/^USAGE on \d+ sequences/),
    ]);
    await using empty = await postgres.database(true);
    expect(await look(url.replace(database.name, empty.name))).toEqual([
      `CREATE on database ${empty.name}`,
    ]);
    await database.query("DROP OWNED BY reader");
    await database.query("DROP ROLE reader");
  });

  test("a database of another encoding is refused", async () => {
    await using database = await postgres.database(true);
    const name = `${database.name}_latin`;
    await database.query(
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`,
    );
    await expect(open(postgres.server.url(name))).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("ENCODING 'UTF8'"),
    });
    await database.query(`DROP DATABASE ${name}`);
  });

  test("a schema of another name stands beside the usual one", async () => {
    await using database = await postgres.database();
    const options = { url: database.url, claim: "all", poolMax: 2 } as const;
    const store = await openPostgresStore({ ...options, schema: "second" });
    await store.journal.commit("c1", [creation({ runId: "a", epoch: store.epoch })]);
    expect(await database.query("SELECT count(*)::int AS runs FROM runs")).toEqual([{ runs: 0 }]);
    await store.close();
    await expect(openPostgresStore({ ...options, schema: "a b" })).rejects.toMatchObject({
      code: "config_invalid",
    });
  });

  test("an opening that has left leaves no row behind, and what it counted stays counted", async () => {
    await using database = await postgres.database();
    const host = (name: string) =>
      openPostgresStore({
        url: database.url,
        poolMax: 2,
        host: { name, reader: 1, leaseMs: 60_000 },
      });
    const rows = async () => {
      const [found] = await database.query(
        `SELECT (SELECT count(*)::int FROM commit_marks) AS marks,
          (SELECT count(*)::int FROM shared_usage) AS usages,
          (SELECT count(*)::int FROM run_counts) AS counts`,
      );
      return found;
    };
    const alive = await host("alive");
    await alive.hosts?.beat({ address: null, openRuns: 0, isDraining: false });
    const used = async (store: Awaited<ReturnType<typeof host>>, name: string) => {
      await store.hosts?.beat({ address: null, openRuns: 0, isDraining: false });
      const change = { revision: 1, value: "12345" };
      const of = { scope: "tenant", workflow: "", name } as const;
      const shared: readonly SharedUse[] = [{ ...of, revision: 0, change, path: "p", atMs: 1 }];
      const { epoch } = store;
      await store.journal.commit(name, [creation({ runId: name, epoch, rest: { shared } })]);
    };
    await used(alive, "mine");
    for (const name of ["a", "b", "c"]) {
      const store = await host(name);
      await used(store, name);
      await store.hosts?.leave();
      await store.close();
    }
    const last = await host("last");
    // Of those that left one row for all, and the one of the host that is there.
    expect(await rows()).toEqual({ marks: 2, usages: 2, counts: 2 });
    expect((await last.state.totals()).tenant).toEqual({ names: 4, bytes: 20 });
    await alive.journal.commit("later", [creation({ runId: "later", epoch: alive.epoch })]);
    expect((await last.journal.counts(ALICE)).running).toBe(5);
    await alive.close();
    await last.close();
  });
});
