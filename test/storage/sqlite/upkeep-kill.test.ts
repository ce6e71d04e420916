/** kill -9 in the middle of removing, purging, sweeping and copying leaves nothing half-done. */
import { hash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { STORE_FILE } from "#storage/sqlite/store-file.ts";
import { startChild } from "../../support/child-process.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const UPKEEP_PROCESS = new URL("./upkeep-process.ts", import.meta.url);
const KILLS = 5;

interface Told {
  readonly made: Set<number>;
  readonly removed: Set<number>;
  readonly copied: Map<string, string>;
}

function hear(told: Told, line: string): void {
  const [kind, what = "", more = ""] = line.split(" ");
  if (kind === "made") told.made.add(Number(what));
  if (kind === "removed") told.removed.add(Number(what));
  if (kind === "copied") told.copied.set(what, more);
}

function faultsOf(path: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return [
      ...database
        .prepare("PRAGMA integrity_check")
        .all()
        .map((row) => Object.values(row)[0]),
      ...database.prepare("PRAGMA foreign_key_check").all(),
      ...database
        .prepare(
          "SELECT r.tenant, r.hash FROM blob_refs AS r JOIN runs ON runs.number = r.run AND runs.status < 7 WHERE NOT EXISTS (SELECT 1 FROM blobs AS b WHERE b.tenant = r.tenant AND b.hash = r.hash)",
        )
        .all(),
    ].filter((fault) => fault !== "ok");
  } finally {
    database.close();
  }
}

test(`${KILLS} kills among removals, sweeps and copies`, async () => {
  await using directory = await temporaryDirectory();
  const copies = join(directory.path, "copies");
  const dataDir = join(directory.path, "data");
  mkdirSync(copies);
  const told: Told = { made: new Set(), removed: new Set(), copied: new Map() };
  let first = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    await using child = startChild(UPKEEP_PROCESS, [dataDir, `${first}`, copies]);
    const enough = first + 40 + kill * 13;
    while (!told.made.has(enough) || told.copied.size < kill + 1) {
      const { value, done } = await child.lines.next();
      if (done) throw new Error("the process ended by itself");
      hear(told, value);
    }
    await child.kill();
    for (let rest = await child.lines.next(); !rest.done; rest = await child.lines.next())
      hear(told, rest.value);
    first = Math.max(...told.made) + 10;

    const store = await openSqliteStore({ dataDir });
    const { journal, blobs, upkeep } = store;
    for (const number of told.made) {
      const runId = `run${number}`;
      const head = await journal.head(LOCAL_CONTEXT, runId);
      if (told.removed.has(number)) expect(head, runId).toBeNull();
      if (number % 2 === 1) continue;
      expect(head?.seq, runId).toBe(7);
      expect(await journal.turns(LOCAL_CONTEXT, runId, 0, 10), runId).toHaveLength(6);
      const name = hash("sha256", `${number} `.repeat(5_000));
      expect(await blobs.get(LOCAL_CONTEXT, name), runId).not.toBeNull();
    }
    const counted = (await journal.counts(LOCAL_CONTEXT)).succeeded;
    while (!(await upkeep?.purge(100))?.isDone);
    await store.close();
    const path = join(dataDir, STORE_FILE);
    expect(faultsOf(path)).toEqual([]);
    const database = new DatabaseSync(path);
    const rows = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
    expect(rows("SELECT count(*) FROM runs")).toBe(counted);
    expect(rows("SELECT count(*) FROM turns")).toBe(counted * 6);
    database.close();
  }
  const whole = readdirSync(copies).filter((name) => name.endsWith(".db"));
  expect(whole.length).toBeGreaterThanOrEqual(told.copied.size);
  expect(told.copied.size).toBeGreaterThanOrEqual(KILLS);
  for (const name of whole) {
    const path = join(copies, name);
    const sha256 = told.copied.get(path);
    if (sha256 !== undefined) expect(hash("sha256", readFileSync(path)), name).toBe(sha256);
    expect(faultsOf(path), name).toEqual([]);
  }
  expect(told.removed.size).toBeGreaterThan(50);
});
