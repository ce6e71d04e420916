/** Room in the WAL: made in large steps, only when there is use for it, and never read as content. */
import { copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { WalGrowth } from "#storage/sqlite/wal-growth.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const MIB = 1_048_576;
const ROW = "x".repeat(3_000);

async function openWal() {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "store.db");
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
  database.exec("CREATE TABLE rows (number INTEGER PRIMARY KEY, body TEXT NOT NULL)");
  const insert = database.prepare("INSERT INTO rows (body) VALUES (?)");
  return {
    path,
    database,
    insert: (rows: number) => {
      database.exec("BEGIN");
      for (let row = 0; row < rows; row += 1) insert.run(ROW);
      database.exec("COMMIT");
    },
    frames: () =>
      (database.prepare("PRAGMA wal_checkpoint(NOOP)").get() as { readonly log: number }).log,
    walBytes: () => statSync(`${path}-wal`).size,
    async [Symbol.asyncDispose]() {
      database.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test("a WAL in use gets room for as much again, then none until it is nearly used up", async () => {
  await using wal = await openWal();
  const growth = new WalGrowth(wal.path);
  growth.makeRoom(wal.frames());
  expect(wal.walBytes(), "a small store stays small").toBeLessThan(100_000);
  wal.insert(200);
  growth.makeRoom(wal.frames());
  const bytes = wal.walBytes();
  expect(bytes).toBe(2 * wal.frames() * 4_120);
  wal.insert(20);
  growth.makeRoom(wal.frames());
  expect(wal.walBytes()).toBe(bytes);
  while (wal.frames() * 4_120 + MIB / 4 < bytes) wal.insert(5);
  growth.makeRoom(wal.frames());
  expect(wal.walBytes()).toBeGreaterThan(bytes);
});

test("steps are 4 MiB at most, and a WAL about to be begun anew gets none", async () => {
  await using wal = await openWal();
  const growth = new WalGrowth(wal.path);
  wal.insert(5_000);
  const used = wal.walBytes();
  growth.makeRoom(wal.frames());
  expect(wal.walBytes() - used).toBeLessThanOrEqual(4 * MIB);
  wal.insert(6_000);
  const long = wal.walBytes();
  expect(long).toBeGreaterThan(40 * MIB);
  growth.makeRoom(wal.frames());
  expect(wal.walBytes()).toBe(long);
});

test("a process that dies leaves room behind: the next reads all rows and nothing else", async () => {
  await using wal = await openWal();
  await using copies = await temporaryDirectory();
  const growth = new WalGrowth(wal.path);
  let rows = 0;
  for (const more of [1, 150, 90, 400]) {
    wal.insert(more);
    rows += more;
    growth.makeRoom(wal.frames());
    const copy = join(copies.path, `${rows}.db`);
    copyFileSync(wal.path, copy);
    copyFileSync(`${wal.path}-wal`, `${copy}-wal`);
    const database = new DatabaseSync(copy);
    expect(database.prepare("SELECT count(*) AS rows FROM rows").get()).toEqual({ rows });
    expect(Object.values(database.prepare("PRAGMA integrity_check").get() ?? {})).toEqual(["ok"]);
    database.close();
  }
});

test("room that cannot be had is done without", () => {
  const growth = new WalGrowth("/nonexistent/store.db");
  expect(() => growth.makeRoom(1_000)).not.toThrow();
});
