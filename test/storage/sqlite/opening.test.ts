/** Opening a store: fresh, again, of a newer release, interrupted half-way, damaged, not ours. */
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { Connection } from "#storage/sqlite/connection.ts";
import { migrate } from "#storage/sqlite/migrate.ts";
import { initial } from "#storage/sqlite/migrations/0001-initial.ts";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { STORE_FILE } from "#storage/sqlite/store-file.ts";
import { ALICE, creation } from "../../contract/store-fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test("a fresh store says what it runs on, and keeps its id", async () => {
  await using directory = await temporaryDirectory();
  const dataDir = join(directory.path, "made", "for it");
  const first = await openSqliteStore({ dataDir });
  const described = await first.describe();
  await first.close();
  expect(described).toMatchObject({
    adapter: "sqlite",
    writer: "adaptive",
    journalMode: "wal",
    synchronous: "full",
    foreignKeys: 1,
    schemaVersion: MIGRATIONS.length,
  });
  const second = await openSqliteStore({ dataDir, mode: "local" });
  expect((await second.describe())["storeId"]).toBe(described["storeId"]);
  expect([first.epoch, second.epoch]).toEqual([1, 2]);
  await second.close();
});

test("an opening fences the one before it, owner lock or not", async () => {
  await using directory = await temporaryDirectory();
  const first = await openSqliteStore({ dataDir: directory.path });
  const second = await openSqliteStore({ dataDir: directory.path });
  const late = creation({ runId: "a", epoch: first.epoch });
  expect(await first.journal.commit("late", [late])).toEqual({ fenced: ["alice/a"] });
  expect(await second.journal.committed("late")).toBe(false);
  expect(await second.journal.head(ALICE, "a")).toBeNull();
  await first.close();
  await second.close();
});

test("a newer store is refused by both versions' names, untouched", async () => {
  await using directory = await temporaryDirectory();
  const newer = MIGRATIONS.length + 1;
  await (await openSqliteStore({ dataDir: directory.path, mode: "local" })).close();
  const database = new DatabaseSync(join(directory.path, STORE_FILE));
  database.exec(`PRAGMA user_version = ${newer}`);
  database.close();
  await expect(openSqliteStore({ dataDir: directory.path })).rejects.toMatchObject({
    code: "store_newer",
    details: { storeVersion: newer, supportedVersion: MIGRATIONS.length },
    message: expect.stringMatching(new RegExp(`version ${newer}.* up to ${MIGRATIONS.length}`)),
  });
});

test("a migration that is interrupted leaves the version before it, and runs again", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, STORE_FILE);
  const second = { version: 2, name: "second", sql: "CREATE TABLE extra (x); SELECT broken(1);" };
  const repaired = { ...second, sql: "CREATE TABLE extra (x);" };
  const connection = new Connection(path, "write");
  expect(() => migrate(connection, [initial, second], 5)).toThrow(/broken/);
  expect(connection.pragma("user_version")).toBe(1);
  const tables = "SELECT count(*) AS count FROM sqlite_schema WHERE name = 'extra'";
  expect(connection.get(tables)).toMatchObject({ count: 0 });
  expect(migrate(connection, [initial], 6)).toBe(1);
  expect(migrate(connection, [initial, repaired], 7)).toBe(2);
  expect(migrate(connection, [initial, repaired], 8)).toBe(2);
  expect(connection.get(tables)).toMatchObject({ count: 1 });
  expect(() => migrate(connection, [initial, second], 9)).toThrow(/not the one of this release/);
  connection.close();
});

test("migrations count from 1 without gaps", () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
});

test.each(["worker", "local"] as const)("a damaged file is store_corrupt: %s", async (mode) => {
  await using directory = await temporaryDirectory();
  writeFileSync(
    join(directory.path, STORE_FILE),
    "this is not a database, whatever its name ".repeat(300),
  );
  await expect(openSqliteStore({ dataDir: directory.path, mode })).rejects.toMatchObject({
    code: "store_corrupt",
  });
});

test("a store cut short is store_corrupt when it is opened or read", async () => {
  await using directory = await temporaryDirectory();
  const store = await openSqliteStore({ dataDir: directory.path, mode: "local" });
  await store.journal.commit("c", [creation({ runId: "a", epoch: store.epoch })]);
  await store.close();
  truncateSync(join(directory.path, STORE_FILE), 3 * 4096);
  await expect(openSqliteStore({ dataDir: directory.path })).rejects.toMatchObject({
    code: "store_corrupt",
  });
});

test("somebody else's database is refused", async () => {
  await using directory = await temporaryDirectory();
  const database = new DatabaseSync(join(directory.path, STORE_FILE));
  database.exec("CREATE TABLE theirs (x)");
  database.close();
  await expect(openSqliteStore({ dataDir: directory.path })).rejects.toMatchObject({
    code: "store_corrupt",
    message: expect.stringContaining("not a Lockstitch store"),
  });
});

test("a data directory that cannot be made is refused, by the reason", async () => {
  await using directory = await temporaryDirectory();
  writeFileSync(join(directory.path, "file"), "");
  const below = join(directory.path, "file", "data");
  await expect(openSqliteStore({ dataDir: below })).rejects.toMatchObject({
    code: "request_invalid",
  });
  const tooLong = join(directory.path, "x".repeat(300));
  await expect(openSqliteStore({ dataDir: tooLong })).rejects.toMatchObject({
    code: "store_unavailable",
  });
});
