/** The writer's housekeeping: the WAL is copied when asked or when large, and old memory goes. */
import { copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { TurnCommit } from "#ports/journal.ts";
import { Connection } from "#storage/sqlite/connection.ts";
import { COMMIT_IDS_KEPT, GroupWriter } from "#storage/sqlite/group-writer.ts";
import { migrate } from "#storage/sqlite/migrate.ts";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { FIND_COMMIT_ID } from "#storage/sqlite/sql/find-commit-id.ts";
import { MEMORY_MS } from "#storage/storable-turn.ts";
import { ALICE, creation, turn } from "../../contract/store-fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

async function openWriter() {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "store.db");
  const connection = new Connection(path, "write");
  migrate(connection, MIGRATIONS, 0);
  const writer = new GroupWriter(path, 0);
  return {
    path,
    writer,
    connection,
    count: (table: string) =>
      connection.get<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)?.count,
    waitingFrames: () => {
      const wal = connection.get<{ log: number; checkpointed: number }>(
        "PRAGMA wal_checkpoint(NOOP)",
      );
      return wal === undefined ? null : wal.log - wal.checkpointed;
    },
    async [Symbol.asyncDispose]() {
      writer.close();
      connection.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test("tidying copies the WAL; a large one asks for it, and never grows past that", async () => {
  await using open = await openWriter();
  const { writer, path } = open;
  writer.tidy();
  writer.handle("commit", {
    commitId: "c0",
    turns: [creation({ runId: "a", epoch: 0 })],
    nowMs: 1,
  });
  expect(open.waitingFrames()).toBeGreaterThan(0);
  expect(writer.isWalLarge).toBe(false);
  writer.tidy();
  expect(open.waitingFrames()).toBe(0);
  const events = JSON.stringify("x".repeat(4_000_000));
  let tidied = 0;
  for (let seq = 3; seq < 43; seq++) {
    const turns = [turn({ runId: "a", epoch: 0, seqs: [seq, seq], events })];
    writer.handle("commit", { commitId: `c${seq}`, turns, nowMs: 1 });
    if (!writer.isWalLarge) continue;
    writer.tidy();
    tidied++;
    expect(writer.isWalLarge).toBe(false);
  }
  // 160 MB in steps of 32 MiB.
  expect(tidied).toBeGreaterThanOrEqual(3);
  expect(tidied).toBeLessThanOrEqual(6);
  expect(statSync(`${path}-wal`).size).toBeLessThan(64 * 1_048_576);
});

test("the WAL has its length after a rest, and what is written into it survives a crash", async () => {
  await using open = await openWriter();
  const { writer, path } = open;
  const commit = (commitId: string, ...turns: TurnCommit[]) =>
    writer.handle("commit", { commitId, turns, nowMs: 1 });
  commit("c1", creation({ runId: "a", epoch: 0 }));
  writer.tidy();
  const bytes = statSync(`${path}-wal`).size;
  expect(bytes).toBeGreaterThanOrEqual(8 * 1_048_576);
  // Behind the frames of before, and from the beginning again.
  for (let seq = 3; seq < 40; seq++) {
    commit(`c${seq}`, turn({ runId: "a", epoch: 0, seqs: [seq, seq] }));
    if (seq === 20) writer.tidy();
  }
  expect(statSync(`${path}-wal`).size).toBe(bytes);
  await using copy = await temporaryDirectory();
  const crashed = join(copy.path, "store.db");
  copyFileSync(path, crashed);
  copyFileSync(`${path}-wal`, `${crashed}-wal`);
  const next = new GroupWriter(crashed, 0);
  const turns = [turn({ runId: "a", epoch: 0, seqs: [40, 40] })];
  expect(next.handle("commit", { commitId: "c40", turns, nowMs: 1 }).fenced).toEqual([]);
  next.close();
  const database = new DatabaseSync(crashed, { readOnly: true });
  expect(database.prepare("SELECT count(*) AS turns FROM turns").get()).toEqual({ turns: 39 });
  expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  database.close();
});

test("consumed messages and start keys are forgotten after a week, waiting ones never", async () => {
  await using open = await openWriter();
  const { writer } = open;
  const message = (id: string) => ({ id, tenant: "alice", toRunId: "a", kind: "k", body: "{}" });
  const rest = {
    sends: [message("m1"), message("m2")],
    consumes: ["m1"],
    startKey: { key: "k", bodyHash: "h" },
  };
  const first = creation({ runId: "a", epoch: 0, rest });
  writer.handle("commit", { commitId: "c0", turns: [first], nowMs: 1_000 });
  const later = (nowMs: number, commitId: string) => {
    writer.handle("commit", { commitId, turns: [], nowMs });
    writer.tidy();
    return [open.count("messages"), open.count("start_keys")];
  };
  expect(later(MEMORY_MS, "c1")).toEqual([2, 1]);
  expect(later(2 * MEMORY_MS, "c2")).toEqual([1, 0]);
});

test("what comes in by the thousand is forgotten so, too, and after the clock went back", async () => {
  await using open = await openWriter();
  const { writer } = open;
  const ids = Array.from({ length: 30_000 }, (_, at) => `m${at}`);
  const sends = ids.map((id) => ({ id, tenant: "alice", toRunId: "a", kind: "k", body: "{}" }));
  const first = creation({ runId: "a", epoch: 0, rest: { sends, consumes: ids } });
  // The clock was a year ahead at first.
  writer.handle("commit", { commitId: "c", turns: [], nowMs: 400 * MEMORY_MS });
  writer.tidy();
  writer.handle("commit", { commitId: "c0", turns: [first], nowMs: 1_000 });
  let nowMs = 2 * MEMORY_MS;
  let seconds = 0;
  for (; open.count("messages") !== 0 && seconds < 120; seconds++) {
    writer.handle("commit", { commitId: `c${seconds + 1}`, turns: [], nowMs });
    writer.tidy();
    nowMs += 1_000;
  }
  // One lot a minute would take half an hour.
  expect(seconds).toBeLessThan(60);
});

test("the last thousand commit ids are known, across openings", async () => {
  await using open = await openWriter();
  const isKnown = (id: string) => open.connection.get(FIND_COMMIT_ID, id) !== undefined;
  const commit = (writer: GroupWriter, id: string) =>
    writer.handle("commit", { commitId: id, turns: [], nowMs: 1 });
  commit(open.writer, "c1");
  commit(open.writer, "c2");
  // What a thousand commits leave, without their thousand syncs.
  open.connection.database.exec(`
    WITH RECURSIVE n (number) AS (SELECT 3 UNION ALL SELECT number + 1 FROM n WHERE number < 999)
    INSERT INTO commits SELECT number % ${COMMIT_IDS_KEPT}, number, 'c' || number FROM n`);
  const next = new GroupWriter(open.path, 0);
  for (let number = 1_000; number <= 1_003; number++) commit(next, `c${number}`);
  next.close();
  expect(["c1", "c2", "c3", "c4", "c999", "c1000", "c1003"].filter(isKnown)).toEqual([
    "c4",
    "c999",
    "c1000",
    "c1003",
  ]);
  expect(open.count("commits")).toBe(COMMIT_IDS_KEPT);
});

test("counters equal a recount, whatever statuses runs went through", async () => {
  await using open = await openWriter();
  const statuses = ["queued", "running", "waiting", "paused", "succeeded", "failed"] as const;
  for (let index = 0; index < 30; index++) {
    const runId = `r${index}`;
    const tenant = index % 3 === 0 ? "bob" : ALICE.tenant;
    const turns = [creation({ tenant, runId, epoch: 0, status: "queued" })];
    for (let step = 0; step < index % 5; step++) {
      const status = statuses[(index * 7 + step * 3) % statuses.length] ?? "running";
      turns.push(turn({ tenant, runId, epoch: 0, seqs: [step + 3, step + 3], status }));
    }
    // Some change while they are counted, some before.
    for (const [step, turn] of turns.entries()) {
      if ((index + step) % 7 === 6) open.writer.handle("enlistRuns", null);
      open.writer.handle("commit", { commitId: `${runId}.${step}`, turns: [turn], nowMs: 1 });
    }
  }
  open.writer.handle("enlistRuns", null);
  const database = new DatabaseSync(open.path, { readOnly: true });
  const kept = database
    .prepare("SELECT tenant, status, count FROM run_counts WHERE count > 0 ORDER BY 1, 2")
    .all();
  const recounted = database
    .prepare("SELECT tenant, status, count(*) AS count FROM runs GROUP BY 1, 2 ORDER BY 1, 2")
    .all();
  database.close();
  expect(kept).toEqual(recounted);
  expect(kept.length).toBeGreaterThan(6);
});

test("a circuit breaker that nobody asks about again leaves the store in idle time", async () => {
  await using open = await openWriter();
  const { writer } = open;
  const gate = { failureThreshold: 2, resetAfterMs: 500, hasFailed: true, isProbe: false };
  const outcomes = Array.from({ length: 50 }, (_, order) => ({
    ...{ ...gate, name: `order-${order}`, atMs: 1 },
    untilMs: order === 7 ? 10_000_000 : 3_600_001,
  }));
  const creating = creation({
    runId: "a",
    epoch: 0,
    rest: { admission: { starts: [], outcomes } },
  });
  writer.handle("commit", { commitId: "c0", turns: [creating], nowMs: 1 });
  writer.tidy();
  expect(open.count("circuit_breakers")).toBe(50);
  const later = { turns: [turn({ runId: "a", epoch: 0, seqs: [3, 3] })], nowMs: 4_000_000 };
  writer.handle("commit", { commitId: "c1", ...later });
  writer.tidy();
  expect(open.count("circuit_breakers")).toBe(1);
});
