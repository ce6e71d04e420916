/** Copies that are written row by row: a store file, whole or not there, and read back as it was given. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COPY_TABLES, type CopyRow, type CopySource } from "#ports/store-copy.ts";
import { Connection } from "#storage/sqlite/connection.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { restoreStore } from "#storage/sqlite/restore.ts";
import { sqliteCopies } from "#storage/sqlite/store-copies.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { fillStore, outlineOf } from "../full-store.ts";

async function rowsOf(source: CopySource): Promise<Record<string, readonly CopyRow[]>> {
  const all: Record<string, CopyRow[]> = {};
  for (const table of COPY_TABLES) {
    const rows: CopyRow[] = [];
    for await (const portion of source.rows(table)) rows.push(...portion);
    all[table.name] = rows;
  }
  return all;
}

test("what is read of one copy and written into another makes the same store", async () => {
  await using directory = await temporaryDirectory();
  const store = await openSqliteStore({ dataDir: join(directory.path, "a"), mode: "local" });
  await fillStore(store);
  const before = await outlineOf(store);
  const first = join(directory.path, "first.db");
  await store.upkeep?.backup(first);
  await store.close();
  const source = await sqliteCopies.open(first);
  const rows = await rowsOf(source);
  const second = join(directory.path, "second.db");
  const draft = await sqliteCopies.create(second);
  for (const table of COPY_TABLES) await draft.add(table, rows[table.name] ?? []);
  const facts = await draft.finish({ storeId: "0".repeat(32), atMs: 7 });
  expect(facts.runs).toBe(before.heads.length);
  const again = await sqliteCopies.open(second);
  expect(again.backupAtMs).toBe(7);
  expect(again.sha256).toBe(facts.sha256);
  expect(await rowsOf(again)).toEqual(rows);
  for (const one of [source, again]) await one.close();
  // Every table had something to lose.
  expect(Object.entries(rows).filter(([, lines]) => lines.length === 0)).toEqual([]);
  await restoreStore({
    ...{ from: second, dataDir: join(directory.path, "b"), force: false, nowMs: 1 },
  });
  const restored = await openSqliteStore({ dataDir: join(directory.path, "b"), mode: "local" });
  expect(await outlineOf(restored)).toEqual(before);
  expect(await restored.upkeep?.hold()).toEqual({ backupAtMs: 7 });
  await restored.close();
});

test("a draft that is given up leaves nothing, and a name that is taken stays as it is", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "copy.db");
  const draft = await sqliteCopies.create(path);
  expect(existsSync(`${path}.part`)).toBe(true);
  await draft.discard();
  await draft.discard();
  expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, false]);
  await writeFile(path, "mine");
  await expect(sqliteCopies.create(path)).rejects.toMatchObject({ code: "request_invalid" });
  await expect(sqliteCopies.open(path)).rejects.toMatchObject({ code: "request_invalid" });
});

test("every table of a store is copied, or is said not to be", async () => {
  await using directory = await temporaryDirectory();
  const store = await openSqliteStore({ dataDir: directory.path, mode: "local" });
  await store.close();
  const connection = new Connection(join(directory.path, "store.db"), "read");
  const tables = connection.all<{ name: string }>(
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  const left = tables
    .map(({ name }) => name)
    .filter((name) => !COPY_TABLES.some((it) => it.name === name));
  // What a file says of itself, ids of commits that are not in doubt any more, and what is counted along.
  const counted = ["run_counts", "stored_bytes", "usage_minutes"];
  expect(left.sort()).toEqual(["commits", "meta", "migrations", ...counted]);
  for (const { name, columns } of COPY_TABLES) {
    const there = connection
      .all<{ name: string }>("SELECT name FROM pragma_table_info(?1)", name)
      .map((column) => column.name)
      .filter((column) => !NOT_COPIED.includes(`${name}.${column}`));
    expect([name, there.sort()]).toEqual([name, Object.keys(columns).sort()]);
  }
  connection.close();
});

/** Order of rows, and the group that a turn came with. */
const NOT_COPIED = [
  ...["turns.number", "turns.commit_id", "checkpoints.number", "messages.number", "blobs.number"],
  ...[
    "memos.number",
    "rate_starts.number",
    "runs.fresh",
    "step_logs.position",
    "shared_state_changes.number",
  ],
  "trigger_marks.number",
];
