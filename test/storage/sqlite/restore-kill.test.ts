/** kill -9 at every change of a file that a restore makes: the store before it, or the copy, whole. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { openOwnership } from "#storage/sqlite/ownership.ts";
import { restoreStore } from "#storage/sqlite/restore.ts";
import { creation } from "../../contract/store-fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const PROGRAM = fileURLToPath(new URL("./restore-process.ts", import.meta.url));
const { tenant } = LOCAL_CONTEXT;

/** A store with one run. Of it, at `copy`: a backup; at `crashed`: its files as kill -9 leaves them. */
async function makeStore(
  dataDir: string,
  runId: string,
  { copy, crashed }: { readonly copy?: string; readonly crashed?: string } = {},
): Promise<void> {
  const store = await openSqliteStore({ dataDir, mode: "local" });
  await store.journal.commit("c1", [creation({ tenant, runId, epoch: store.epoch })]);
  if (copy !== undefined) await store.upkeep?.backup(copy);
  if (crashed !== undefined) await cp(dataDir, crashed, { recursive: true });
  await store.close();
}

/** The runs of a directory as its next owner finds them; null: there is no store. */
async function runsOf(dataDir: string) {
  const ownership = await openOwnership(dataDir);
  if (!ownership.owned) throw new Error("the directory is owned");
  try {
    if (!existsSync(join(dataDir, "store.db"))) return null;
    const store = await openSqliteStore({ dataDir, mode: "local" });
    const { items } = await store.journal.heads(LOCAL_CONTEXT, { limit: 10 });
    const isHeld = ((await store.upkeep?.hold()) ?? null) !== null;
    await store.close();
    return { runs: items.map(({ runId }) => runId), isHeld };
  } finally {
    await ownership.release();
  }
}

test.each(["over a store that kill -9 left", "into an empty folder"])(
  "a restore %s, killed at every change",
  async (where) => {
    await using directory = await temporaryDirectory();
    const copy = join(directory.path, "copy.db");
    const empty = join(directory.path, "empty");
    const crashed = join(directory.path, "crashed");
    await makeStore(join(directory.path, "source"), "copied", { copy });
    const isEmpty = where === "into an empty folder";
    if (isEmpty) await mkdir(empty);
    else await makeStore(join(directory.path, "closed"), "old", { crashed });
    const before = isEmpty ? empty : crashed;
    if (!isEmpty) expect((await stat(join(crashed, "store.db-wal"))).size).not.toBe(0);
    const old = isEmpty ? null : { runs: ["old"], isHeld: false };
    const whole = { runs: ["copied"], isHeld: true };
    const found: string[] = [];
    for (let at = 1; ; at++) {
      const dataDir = join(directory.path, `at-${at}`);
      await cp(before, dataDir, { recursive: true });
      const ended = spawnSync(process.execPath, [PROGRAM, copy, dataDir, String(at)]);
      const after = await runsOf(dataDir);
      found.push(JSON.stringify(after));
      if (ended.signal === null) {
        expect(String(ended.stderr)).toBe("");
        expect(after).toEqual(whole);
        break;
      }
      expect([old, whole], `killed at change ${at}`).toContainEqual(after);
      // What was left behind is in nobody's way.
      if (after === null) {
        await restoreStore({ from: copy, dataDir, force: false, nowMs: 2 });
        expect(await runsOf(dataDir)).toEqual(whole);
      }
    }
    expect(found.length).toBeGreaterThan(10);
    expect(found[0]).toBe(JSON.stringify(old));
  },
  240_000,
);

test("what a killed restore left beside its draft is no part of the next one", async () => {
  await using directory = await temporaryDirectory();
  const copy = join(directory.path, "copy.db");
  const crashed = join(directory.path, "crashed");
  await makeStore(join(directory.path, "source"), "copied", { copy });
  await makeStore(join(directory.path, "other"), "old", { crashed });
  const dataDir = join(directory.path, "data");
  await mkdir(dataDir);
  for (const beside of ["-wal", "-shm"])
    await cp(join(crashed, `store.db${beside}`), join(dataDir, `store.db.part${beside}`));
  await writeFile(join(dataDir, "store.db.part-journal"), "half");
  await restoreStore({ from: copy, dataDir, force: true, nowMs: 1 });
  expect(await runsOf(dataDir)).toEqual({ runs: ["copied"], isHeld: true });
  await cp(join(crashed, "store.db-wal"), join(dataDir, "store.db.part-wal"));
  // The next owner clears it away.
  await runsOf(dataDir);
  expect((await readdir(dataDir)).filter((name) => name.includes("part"))).toEqual([]);
});

test("a store with a WAL beside it is not restored as if it were a backup", async () => {
  await using directory = await temporaryDirectory();
  const crashed = join(directory.path, "crashed");
  await makeStore(join(directory.path, "source"), "old", { crashed });
  const dataDir = join(directory.path, "data");
  const from = join(crashed, "store.db");
  await expect(restoreStore({ from, dataDir, force: false, nowMs: 1 })).rejects.toThrow(
    "its last commits lie in",
  );
  expect(await readdir(dataDir)).toEqual([]);
});

test("a file that is no copy of a store is refused by its name, and touches nothing", async () => {
  await using directory = await temporaryDirectory();
  const dataDir = join(directory.path, "data");
  const foreign = join(directory.path, "orders.db");
  const orders = new DatabaseSync(foreign);
  orders.exec("CREATE TABLE orders (id INTEGER)");
  orders.close();
  const text = join(directory.path, "workflow.yaml");
  await writeFile(text, "language: 1\n".repeat(20));
  const empty = join(directory.path, "empty.db");
  await writeFile(empty, "");
  for (const from of [foreign, text, empty])
    await expect(restoreStore({ from, dataDir, force: false, nowMs: 1 })).rejects.toMatchObject({
      code: "request_invalid",
      message: `${from} is no copy of a Lockstitch store: name a file that \`lockstitch backup\` made.`,
    });
  expect(await readdir(dataDir)).toEqual([]);
});

test("restored twice by force, every store that was replaced is kept", async () => {
  await using directory = await temporaryDirectory();
  const copy = join(directory.path, "copy.db");
  const dataDir = join(directory.path, "data");
  await makeStore(join(directory.path, "source"), "copied", { copy });
  await makeStore(dataDir, "old");
  const kept: string[] = [];
  for (const nowMs of [1, 2]) {
    const { replaced } = await restoreStore({ from: copy, dataDir, force: true, nowMs });
    kept.push(String(replaced));
  }
  expect(kept).toEqual(["", "-2"].map((end) => join(dataDir, `store.db.before-restore${end}`)));
  const first = join(directory.path, "first");
  await mkdir(first);
  await cp(String(kept[0]), join(first, "store.db"));
  expect(await runsOf(first)).toEqual({ runs: ["old"], isHeld: false });
});

test("a store that another program reads is kept with its last commits", async () => {
  await using directory = await temporaryDirectory();
  const copy = join(directory.path, "copy.db");
  const dataDir = join(directory.path, "data");
  await makeStore(join(directory.path, "source"), "copied", { copy });
  using reader = await readStore(dataDir);
  const { replaced } = await restoreStore({ from: copy, dataDir, force: true, nowMs: 1 });
  reader.close();
  const first = join(directory.path, "first");
  await mkdir(first);
  for (const name of (await readdir(dataDir)).filter((name) => name.includes("before-restore")))
    await rename(
      join(dataDir, name),
      join(first, name.replace("store.db.before-restore", "store.db")),
    );
  expect(replaced).toBe(join(dataDir, "store.db.before-restore"));
  expect(await runsOf(first)).toEqual({ runs: ["later"], isHeld: false });
  expect(await runsOf(dataDir)).toEqual({ runs: ["copied"], isHeld: true });
});

test("only what is not there is taken for missing: every other failure ends the restore", async () => {
  await using directory = await temporaryDirectory();
  const copy = join(directory.path, "copy.db");
  const dataDir = join(directory.path, "data");
  await makeStore(join(directory.path, "source"), "copied", { copy });
  await makeStore(dataDir, "old");
  const path = join(dataDir, "store.db");
  const restored = () => restoreStore({ from: copy, dataDir, force: true, nowMs: 1 });
  // A link to itself: nobody can tell what stands there.
  const loop = `${path}.before-restore`;
  await symlink(loop, loop);
  await expect(restored()).rejects.toThrow(/ELOOP.*store\.db\.before-restore/);
  expect(await runsOf(dataDir)).toEqual({ runs: ["old"], isHeld: false });
  await rm(loop);
  await symlink(`${copy}-wal`, `${copy}-wal`);
  await expect(restored()).rejects.toThrow(/ELOOP.*copy\.db-wal/);
  await rm(`${copy}-wal`);
  // What the store's WAL is to be kept as is taken: its last commits stay where they are.
  using _reader = await readStore(dataDir);
  await mkdir(`${path}.before-restore-wal`);
  await expect(restored()).rejects.toThrow(/EISDIR|ENOTEMPTY/);
  expect(await runsOf(dataDir)).toEqual({ runs: ["later", "old"], isHeld: false });
});

/** A program that reads the store, so that the commits made after it began stay in the WAL. */
async function readStore(dataDir: string): Promise<DatabaseSync & Disposable> {
  const store = await openSqliteStore({ dataDir, mode: "local" });
  const reader = new DatabaseSync(join(dataDir, "store.db"), { readOnly: true });
  reader.exec("BEGIN; SELECT count(*) FROM runs");
  await store.journal.commit("c1", [creation({ tenant, runId: "later", epoch: store.epoch })]);
  await store.close();
  return reader;
}
