/** Opening a store on PostgreSQL: fresh, again, by two at once, of a newer release, refused. */
import { describe, expect, test } from "vitest";
import { databaseAddress } from "#storage/postgres/database-address.ts";
import { migrate, migrationStatus } from "#storage/postgres/migrate.ts";
import { MIGRATIONS } from "#storage/postgres/migrations/all.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
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
});
