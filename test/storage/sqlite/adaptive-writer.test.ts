/** The writer that is in two places: who writes when, and that neither trusts what it knew before. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { AdaptiveWriter, type Pace } from "#storage/sqlite/adaptive-writer.ts";
import { Connection } from "#storage/sqlite/connection.ts";
import { migrate } from "#storage/sqlite/migrate.ts";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { creation, turn } from "../../contract/store-fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

async function openWriter(pace: Pace) {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "store.db");
  const connection = new Connection(path, "write");
  migrate(connection, MIGRATIONS, 0);
  const writer = new AdaptiveWriter(path, 0, { pace });
  let commits = 0;
  const commit = (...turns: ReturnType<typeof turn>[]) =>
    writer.call("commit", { commitId: `c${commits++}`, turns, nowMs: 1 });
  return {
    path,
    writer,
    commit,
    next: (seq: number, runId = "a") => turn({ runId, epoch: 0, seqs: [seq, seq] }),
    async [Symbol.asyncDispose]() {
      await writer.close();
      connection.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const always: Pace = { judge: () => true, note: () => undefined };

test("the calling thread writes only while nothing is under way in the worker", async () => {
  await using open = await openWriter(always);
  const { writer, commit, next } = open;
  const start = commit(creation({ runId: "a", epoch: 0 }));
  expect(writer.directCommits).toBe(1);
  const blob = { tenant: "alice", hash: "0".repeat(64), bytes: Buffer.from("x"), nowMs: 1 };
  const put = writer.call("putBlob", blob);
  // Behind the blob, which its turn may refer to.
  const behind = commit(next(3));
  expect(writer.directCommits).toBe(1);
  expect((await start).fenced).toEqual([]);
  await put;
  expect((await behind).fenced).toEqual([]);
  // Housekeeping may be under way by now, on a slow machine.
  for (let seq = 4; writer.directCommits < 2 && seq < 200; seq++) await commit(next(seq));
  expect(writer.directCommits).toBe(2);
});

test("whoever writes after the other knows where each run stands", async () => {
  let isHere = true;
  await using open = await openWriter({ judge: () => isHere, note: () => undefined });
  const { writer, commit, next } = open;
  await commit(creation({ runId: "a", epoch: 0 }));
  for (let seq = 3; seq < 40; seq++) {
    // Each side meets what the other wrote since, and what it knew is fenced as out of date.
    if (seq % 3 === 0) isHere = !isHere;
    expect((await commit(next(seq))).fenced).toEqual([]);
    expect((await commit(next(seq))).fenced).toEqual(["alice/a"]);
  }
  expect(writer.directCommits).toBeGreaterThan(20);
  expect(writer.directCommits).toBeLessThan(60);
});

test("the calling thread does not wait for another program's lock: the worker does", async () => {
  await using open = await openWriter(always);
  const { writer, commit, next, path } = open;
  await commit(creation({ runId: "a", epoch: 0 }));
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const startedMs = performance.now();
  const held = commit(next(3));
  // A connection waits for a second before it gives up.
  expect(performance.now() - startedMs).toBeLessThan(900);
  expect(writer.directCommits).toBe(1);
  other.exec("ROLLBACK");
  other.close();
  expect((await held).fenced).toEqual([]);
});

test("what the calling thread wrote is copied from the WAL when nothing has come for a moment", async () => {
  await using open = await openWriter(always);
  const { commit, path } = open;
  await commit(creation({ runId: "a", epoch: 0 }));
  const reader = new DatabaseSync(path, { readOnly: true });
  const waiting = () => {
    const wal = reader.prepare("PRAGMA wal_checkpoint(NOOP)").get();
    return Number(wal?.["log"]) - Number(wal?.["checkpointed"]);
  };
  await expect.poll(waiting).toBe(0);
  reader.close();
});
