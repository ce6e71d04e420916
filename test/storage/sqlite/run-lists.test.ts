/** When runs enter the lists, what that costs, and what must hold wherever it happens. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TurnCommit } from "#ports/journal.ts";
import { AdaptiveWriter } from "#storage/sqlite/adaptive-writer.ts";
import { Connection } from "#storage/sqlite/connection.ts";
import { GroupWriter } from "#storage/sqlite/group-writer.ts";
import { listRuns } from "#storage/sqlite/list-runs.ts";
import { migrate } from "#storage/sqlite/migrate.ts";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { FRESH_RUNS_IDLE_MIN, FRESH_RUNS_MAX } from "#storage/sqlite/run-lists.ts";
import { ALICE, creation, turn } from "../../contract/store-fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { type ListingStore, openListingStore } from "./listing-fixture.ts";

const FRESH = "SELECT number FROM runs WHERE fresh = 1 ORDER BY number";

function begin(runId: string, createdAtMs = 1_000): TurnCommit {
  return creation({ runId, epoch: 0, createdAtMs });
}

function end(runId: string): TurnCommit {
  const rest = { startedAtMs: 5, endedAtMs: 9 };
  return turn({ runId, epoch: 0, seqs: [3, 4], status: "succeeded", rest });
}

function commit({ writer }: Pick<ListingStore, "writer">, ...turns: TurnCommit[]): void {
  const commitId = `c${turns[0]?.runId}${turns[0]?.record?.firstSeq}`;
  expect(writer.handle("commit", { commitId, turns, nowMs: 1 }).fenced).toEqual([]);
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`);
}

async function listed({ journal }: ListingStore): Promise<string[]> {
  return (await journal.heads(ALICE, { limit: 2_000 })).items.map(({ runId }) => runId);
}

test("a beginning writes four pages and an end three, whatever the lists hold", async () => {
  await using store = await openListingStore();
  commit(store, ...names("old", 30).map((runId) => begin(runId)));
  store.writer.handle("enlistRuns", null);
  const pages = () => store.numbers("PRAGMA wal_checkpoint(NOOP)")[1] ?? 0;
  // Nothing else is about: the first commit of a fresh page splits nothing.
  const start = pages();
  commit(store, begin("a"));
  const begun = pages();
  // runs, runs_by_id, turns, turns_by_run.
  expect(begun - start).toBe(4);
  commit(store, end("a"));
  // runs, turns, turns_by_run.
  expect(pages() - begun).toBe(3);
});

test("of many fresh runs an eighth enters the lists inside a commit, the oldest ones", async () => {
  await using store = await openListingStore(20);
  for (const runId of names("r", 20)) commit(store, begin(runId));
  expect(store.numbers(FRESH)).toHaveLength(20);
  commit(store, begin("last"), end("r3"));
  expect(store.numbers(FRESH)).toEqual(Array.from({ length: 18 }, (_, at) => at + 4));
  expect(store.numbers("SELECT status, count FROM run_counts ORDER BY status")).toEqual([
    ...[1, 3],
  ]);
  // Of a run that stands there the counters follow; the other one is counted as it is.
  commit(store, end("r1"), end("r19"));
  expect(store.numbers("SELECT status, count FROM run_counts ORDER BY status")).toEqual([
    ...[1, 2],
    ...[4, 1],
  ]);
  expect(await store.journal.counts(ALICE)).toMatchObject({ running: 18, succeeded: 3 });
  expect(await listed(store)).toHaveLength(21);
});

test("no more than a thousand runs are fresh, however many a group makes", async () => {
  await using store = await openListingStore();
  commit(store, ...names("r", FRESH_RUNS_MAX).map((runId) => begin(runId)));
  expect(store.numbers(FRESH)).toHaveLength(FRESH_RUNS_MAX);
  expect(store.writer.hasManyFreshRuns).toBe(false);
  commit(store, ...names("s", 300).map((runId) => begin(runId)));
  expect(store.numbers(FRESH)).toHaveLength((FRESH_RUNS_MAX * 7) / 8);
  expect(await store.journal.counts(null)).toMatchObject({ running: FRESH_RUNS_MAX + 300 });
});

test("fresh runs enter in idle time once that is worth a transaction", async () => {
  await using store = await openListingStore();
  const runs = names("r", FRESH_RUNS_IDLE_MIN);
  commit(store, ...runs.slice(1).map((runId) => begin(runId)));
  store.writer.tidy();
  expect(store.numbers(FRESH)).toHaveLength(FRESH_RUNS_IDLE_MIN - 1);
  commit(store, begin("r0"));
  store.writer.tidy();
  expect(store.numbers(FRESH)).toEqual([]);
  expect(await listed(store)).toHaveLength(FRESH_RUNS_IDLE_MIN);
});

test("retention finds runs that were fresh a moment ago", async () => {
  await using store = await openListingStore();
  commit(store, begin("a", 2_000), end("a"), begin("b", 1_000), end("b"), begin("open"));
  const oldest = await store.upkeep.oldest(10, 0);
  expect(oldest).toEqual([]);
  await store.writer.handle("saveWorkflow", {
    triggers: [],
    ...{ tenant: ALICE.tenant, name: "report", hash: "h", definition: "{}", atMs: 1 },
  });
  expect((await store.upkeep.oldest(10, 0)).map(({ runId }) => runId)).toEqual(["b", "a"]);
  commit(store, begin("c"), end("c"));
  const rules = [{ workflow: null, status: "succeeded", endedBeforeMs: 10 }] as const;
  expect(await store.upkeep.due(rules, 10, 0)).toEqual([]);
  commit(store, begin("d", 3), end("d"));
  expect((await store.upkeep.due(rules, 10, 0)).map(({ runId }) => runId)).toEqual(["d"]);
});

test("a number that is used again belongs to a fresh run, and that one gets into the lists", async () => {
  await using store = await openListingStore();
  commit(store, begin("a"), ...["b", "c", "d"].flatMap((runId) => [begin(runId), end(runId)]));
  store.writer.handle("enlistRuns", null);
  for (const runId of ["b", "c", "d"])
    expect(await store.upkeep.remove(ALICE, runId, null)).toBe("removed");
  while (!(await store.upkeep.purge(1)).isDone);
  expect(store.numbers("SELECT number FROM runs")).toEqual([1]);
  expect(store.numbers("SELECT value FROM meta WHERE name = 'listed_to'")).toEqual([1]);
  commit(store, begin("e"));
  expect(store.numbers(FRESH)).toEqual([2]);
  expect(await listed(store)).toEqual(["e", "a"]);
  expect(await store.journal.counts(ALICE)).toMatchObject({ running: 2, succeeded: 0 });
  store.writer.handle("enlistRuns", null);
  expect(store.numbers(FRESH)).toEqual([]);
  expect(await listed(store)).toEqual(["e", "a"]);
  commit(store, end("e"), end("a"));
  expect(await store.journal.counts(ALICE)).toMatchObject({ running: 0, succeeded: 2 });
});

test("numbers that went with their rows are not taken for fresh runs", async () => {
  await using store = await openListingStore(4);
  const gone = names("r", 8);
  commit(store, begin("a"), ...gone.flatMap((runId) => [begin(runId), end(runId)]));
  for (const runId of gone) await store.upkeep.remove(ALICE, runId, null);
  while (!(await store.upkeep.purge(100)).isDone);
  commit(store, turn({ runId: "a", epoch: 0, seqs: [3, 3] }));
  commit(store, begin("b"));
  expect(store.numbers(FRESH)).toEqual([2]);
  store.writer.handle("enlistRuns", null);
  expect(store.numbers(FRESH)).toEqual([]);
  expect(await store.journal.counts(ALICE)).toMatchObject({ running: 2 });
});

test("a fresh run that is removed leaves the counters, and none of its rows", async () => {
  await using store = await openListingStore();
  commit(store, begin("a"), begin("b"), end("b"));
  expect(await store.upkeep.remove(ALICE, "b", null)).toBe("removed");
  expect(await store.journal.counts(ALICE)).toMatchObject({ running: 1, succeeded: 0 });
  expect(await listed(store)).toEqual(["a"]);
  while (!(await store.upkeep.purge(100)).isDone);
  expect(store.numbers("SELECT number FROM runs")).toEqual([1]);
  expect(await store.journal.counts(null)).toMatchObject({ running: 1, succeeded: 0 });
});

test("a list sees each run once, also when runs enter while it is read", async () => {
  await using store = await openListingStore();
  commit(store, begin("a"), end("a"), begin("b"));
  let entered = 0;
  /** Another writer lists between any two statements of an answer. */
  class Interrupted extends Connection {
    override allNamed<Row>(...[sql, values]: Parameters<Connection["allNamed"]>): Row[] {
      const rows = super.allNamed<Row>(sql, values);
      commit(store, begin(`new${entered++}`, 5));
      store.writer.handle("enlistRuns", null);
      return rows;
    }
  }
  const reader = new Interrupted(store.path, "read");
  const ids = (filter: Parameters<typeof listRuns>[2]) =>
    listRuns(reader, ALICE.tenant, filter).rows.map((row) => row.run_id);
  expect(ids({ limit: 10 })).toEqual(["b", "a"]);
  expect(ids({ status: ["succeeded", "running"], limit: 2 })).toEqual(["b", "a"]);
  reader.close();
  expect(entered).toBeGreaterThan(4);
});

test("who writes after another listed counts by where the lists are now", async () => {
  await using store = await openListingStore();
  commit(store, begin("a"), begin("b"));
  // An older owner that has not noticed yet: it may still tidy.
  const other = new GroupWriter(store.path, 7);
  other.handle("enlistRuns", null);
  other.close();
  commit(store, end("a"));
  expect(store.numbers("SELECT status, count FROM run_counts ORDER BY status")).toEqual([
    ...[1, 1],
    ...[4, 1],
  ]);
  expect(await store.journal.counts(ALICE)).toMatchObject({ running: 1, succeeded: 1 });
});

test("fresh runs of another writer get into the lists, whatever was there before", async () => {
  await using store = await openListingStore();
  commit(store, begin("a"), begin("b"), end("b"));
  store.writer.handle("enlistRuns", null);
  const other = new GroupWriter(store.path, 0);
  const gone = { tenant: ALICE.tenant, runId: "b", by: "ann", reason: null, nowMs: 1 };
  expect(other.handle("removeRun", gone)).toBe("removed");
  while (!other.handle("purge", { rowsMax: 100, nowMs: 1 }).isDone);
  commit({ writer: other }, begin("c"));
  other.close();
  // The number of b is that of c by now.
  store.writer.handle("enlistRuns", null);
  expect(store.numbers(FRESH)).toEqual([]);
});

test("a group that is rolled back has listed nothing", async () => {
  await using store = await openListingStore(4);
  commit(store, ...names("r", 4).map((runId) => begin(runId)));
  const refused = creation({ runId: "p", epoch: 0, events: '["\ud800"]' });
  const turns = [...names("x", 3).map((runId) => begin(runId)), refused];
  expect(() => store.writer.handle("commit", { commitId: "bad", turns, nowMs: 1 })).toThrow("p");
  expect(store.numbers(FRESH)).toHaveLength(4);
  commit(store, begin("last"), end("r0"));
  expect(store.numbers(FRESH)).toEqual([2, 3, 4, 5]);
  expect(await store.journal.counts(ALICE)).toMatchObject({ running: 4, succeeded: 1 });
});

test("the calling thread leaves the listing of its runs to the worker", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "store.db");
  const connection = new Connection(path, "write");
  migrate(connection, MIGRATIONS, 0);
  const writer = new AdaptiveWriter(path, 0, {
    pace: { judge: () => true, note: () => undefined },
  });
  const fresh = () => connection.all(FRESH).length;
  // Groups of any size are lone to this pace; what a thousand lone ones make is made in few.
  for (let group = 0; group < 11; group++) {
    const turns = names(`g${group}.`, 100).map((runId) => begin(runId));
    await writer.call("commit", { commitId: `c${group}`, turns, nowMs: 1 });
    expect(fresh()).toBeLessThanOrEqual(2 * FRESH_RUNS_MAX);
    if (group < 10) expect(fresh()).toBe((group + 1) * 100);
  }
  expect(writer.directCommits).toBe(11);
  // Answered in order: behind the tidying that the last group has asked for.
  await writer.call("describe", null);
  expect(fresh()).toBe(0);
  await writer.close();
  connection.close();
});

test("runs of a store of the schema before are in the lists, and counted on", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "store.db");
  const connection = new Connection(path, "write");
  migrate(connection, MIGRATIONS.slice(0, 10), 0);
  connection.database.exec(`
    INSERT INTO runs (number, tenant, run_id, workflow, version, status, seq, created_at_ms, labels, min_reader)
    VALUES (3, 'alice', 'a', 'report', 1, 1, 2, 10, '{}', 1), (8, 'alice', 'b', 'report', 1, 4, 2, 20, '{}', 1);
    INSERT INTO turns (run, first_seq, last_seq, at_ms, events) VALUES (3, 1, 2, 0, x'5b5d');
    INSERT INTO run_counts VALUES ('alice', 1, 1), ('alice', 4, 1)`);
  migrate(connection, MIGRATIONS, 0);
  expect(connection.get("SELECT value FROM meta WHERE name = 'listed_to'")).toEqual({ value: 8 });
  const writer = new GroupWriter(path, 0);
  const turns = [begin("c", 30), turn({ runId: "a", epoch: 0, seqs: [3, 3], status: "failed" })];
  expect(writer.handle("commit", { commitId: "c1", turns, nowMs: 1 }).fenced).toEqual([]);
  const ids = (filter: Partial<Parameters<typeof listRuns>[2]>) =>
    listRuns(connection, "alice", { ...filter, limit: 10 }).rows.map((row) => row.run_id);
  expect(ids({})).toEqual(["c", "b", "a"]);
  expect(ids({ status: ["failed", "running"] })).toEqual(["c", "a"]);
  expect(ids({ workflow: "report" })).toEqual(["c", "b", "a"]);
  expect(connection.all("SELECT status, count FROM run_counts ORDER BY status")).toEqual([
    ...[{ status: 1, count: 0 }],
    ...[{ status: 4, count: 1 }],
    ...[{ status: 5, count: 1 }],
  ]);
  expect(connection.all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  writer.close();
  connection.close();
});
