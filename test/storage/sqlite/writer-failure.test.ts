/** The writer's bad days: a worker that dies, a full disk, a disk that cannot be written. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, type TestContext, test } from "vitest";
import { Connection } from "#storage/sqlite/connection.ts";
import { migrate } from "#storage/sqlite/migrate.ts";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { FIND_COMMIT_ID } from "#storage/sqlite/sql/find-commit-id.ts";
import { STORE_FILE } from "#storage/sqlite/store-file.ts";
import { WorkerWriter } from "#storage/sqlite/worker-writer.ts";
import { ALICE, creation, turn } from "../../contract/store-fixture.ts";
import { loopImage } from "../../support/loop-image.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { openSqliteFixture } from "./sqlite-fixture.ts";

const DYING_WORKER = new URL("./dying-worker.ts", import.meta.url);

test("a worker that dies is store_unavailable; the next call finds a new one", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, STORE_FILE);
  const connection = new Connection(path, "write");
  migrate(connection, MIGRATIONS, 0);
  const writer = new WorkerWriter(path, 0, { entry: DYING_WORKER });
  const commit = (commitId: string, runId: string) =>
    writer.call("commit", { commitId, turns: [creation({ runId, epoch: 0 })], nowMs: 1 });
  await commit("c1", "a");
  const answers = await Promise.allSettled([commit("die before", "b"), commit("c2", "c")]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(commit("die after", "d")).rejects.toMatchObject({ code: "store_unavailable" });
  expect(await commit("c3", "e")).toMatchObject({ fenced: [] });
  const isCommitted = (id: string) => connection.get(FIND_COMMIT_ID, id) !== undefined;
  const ids = ["c1", "die before", "c2", "die after", "c3"];
  expect(ids.map(isCommitted)).toEqual([true, false, false, true, true]);
  await writer.close();
  await expect(commit("c4", "f")).rejects.toMatchObject({ code: "store_unavailable" });
  connection.close();
});

test("an input that no thread can be sent fails alone", async () => {
  await using fixture = await openSqliteFixture("worker");
  const { journal, epoch } = fixture.store;
  const unclonable: never = (() => {}) as never;
  const bad = creation({ runId: "a", epoch, events: unclonable });
  await expect(journal.commit("c1", [bad])).rejects.toThrow();
  expect(await journal.commit("c2", [creation({ runId: "a", epoch })])).toEqual({ fenced: [] });
});

test.each(["worker", "local"] as const)("what cannot be bound names its run: %s", async (mode) => {
  await using fixture = await openSqliteFixture(mode);
  const { journal, epoch } = fixture.store;
  const status: never = "dreaming" as never;
  const poison = creation({ runId: "p", epoch, status });
  await expect(
    journal.commit("c1", [creation({ runId: "a", epoch }), poison]),
  ).rejects.toMatchObject({ code: "journal_refused", details: { runId: "p" } });
  const oversized = creation({ runId: "o", epoch, events: " ".repeat(65 * 1_048_576) });
  await expect(journal.commit("c2", [oversized])).rejects.toMatchObject({
    code: "journal_refused",
    details: { runId: "o" },
  });
  expect(await journal.counts(null)).toMatchObject({ running: 0 });
});

test("a store locked by another program for too long is store_unavailable, then goes on", async () => {
  await using fixture = await openSqliteFixture("local");
  const { journal, epoch } = fixture.store;
  const other = new DatabaseSync(join(fixture.dataDir, STORE_FILE));
  other.exec("BEGIN IMMEDIATE");
  await expect(journal.commit("c1", [creation({ runId: "a", epoch })])).rejects.toMatchObject({
    code: "store_unavailable",
  });
  other.exec("ROLLBACK");
  other.close();
  expect(await journal.commit("c1", [creation({ runId: "a", epoch })])).toEqual({ fenced: [] });
});

test("a full disk is store_unavailable and loses nothing", async (context: TestContext) => {
  const image = await loopImage(12 * 1_048_576).catch((error) => {
    process.stderr.write(`\nSKIPPED: ${context.task.name}: ${error.message}\n`);
    context.skip("no loop-mounted file system here");
  });
  await using disk = image;
  const store = await openSqliteStore({ dataDir: join(disk.mount.path, "data") });
  const { journal, epoch } = store;
  await journal.commit("c0", [creation({ runId: "a", epoch })]);
  const events = JSON.stringify("x".repeat(500_000));
  let seq = 2;
  const next = () => turn({ runId: "a", epoch, seqs: [seq + 1, seq + 1], events });
  let failure: unknown = null;
  while (failure === null && seq < 100) {
    await journal.commit(`c${seq}`, [next()]).then(
      () => seq++,
      (error) => {
        failure = error;
      },
    );
  }
  expect(failure).toMatchObject({ code: "store_unavailable" });
  expect(await journal.committed(`c${seq}`)).toBe(false);
  expect((await journal.head(ALICE, "a"))?.seq).toBe(seq);
  expect(await journal.turns(ALICE, "a", 0, 1_000)).toHaveLength(seq - 1);
  await store.close();
});
