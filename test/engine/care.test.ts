/** Deleting, archiving, retention and copies, on the real store. */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { expect, test } from "vitest";
import { openArchivedRun } from "#engine/embedded/archived-run.ts";
import { Housekeeping } from "#engine/embedded/housekeeping.ts";
import type { AttemptRequest } from "#engine/embedded/options.ts";
import { KEEP_30_DAYS, type RetentionOptions } from "#engine/embedded/retention.ts";
import { NodeError } from "#errors/step-error.ts";
import type { Archive } from "#ports/archive.ts";
import type { Store } from "#ports/store.ts";
import { fileArchive } from "#storage/archive/file-archive.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { context, nodes, work as step, workflow } from "./engine-fixture.ts";
import { DEADLINE_MS, openSqliteBench, until } from "./sqlite-fixture.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const DAY_MS = 86_400_000;

const large = randomBytes(60_000).toString("hex");
const report = workflow("report", {
  steps: [step("a", "large")],
  output: "${{ steps.a.output }}",
});

const work = {
  large: async ({ log }: AttemptRequest) => {
    log.info("large", { bytes: large.length });
    return { value: large };
  },
  fails: () => Promise.reject(new NodeError("failed", "no")),
};

/** Housekeeping of a store at a time of the test's own, ended before it is answered. */
function keeping(
  store: Store,
  retention: Partial<RetentionOptions>,
  options: { readonly laterMs?: number; readonly archive?: Archive } = {},
): Housekeeping {
  const { upkeep } = store;
  if (upkeep === undefined) throw new Error("no upkeep");
  const { laterMs = 0, archive = null } = options;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs };
  return new Housekeeping({
    ...{ store, upkeep, clock, logger: silent, archive },
    retention: { ...KEEP_30_DAYS, ...retention },
    idle: () => Promise.resolve(),
  });
}

test("a deleted run is gone at once, its id stays taken, an open one is refused", async () => {
  await using bench = await openSqliteBench();
  const { engine, logs } = await bench.open({ work });
  const start = () => engine.start(context, { workflow: report, id: "one" });
  await start();
  await engine.wait(context, "one", DEADLINE_MS);
  await engine.care.deleteRun(context, "one", "no longer needed");
  expect(await engine.get(context, "one")).toBeNull();
  await expect(engine.state(context, "one")).rejects.toMatchObject({ code: "run_not_found" });
  expect((await engine.list(context, { limit: 10 })).items).toEqual([]);
  await expect(engine.care.deleteRun(context, "one")).rejects.toMatchObject({
    code: "run_not_found",
  });
  await expect(start()).rejects.toMatchObject({
    code: "run_exists",
    message: expect.stringMatching(/was deleted on .* by local/),
  });
  const said = logs.find(({ message }) => message === "a run was deleted");
  expect(said?.fields).toMatchObject({ run: "one", by: "local", reason: "no longer needed" });

  const waiting = workflow("waiting", {
    steps: [{ id: "w", uses: "wait.signal", with: { name: "go" } }],
  });
  const { run } = await engine.start(context, { workflow: waiting });
  await expect(engine.care.deleteRun(context, run.id)).rejects.toMatchObject({ code: "run_open" });
  expect((await engine.get(context, run.id))?.id).toBe(run.id);
});

test("an archived run is read back with the same events, values and state", async () => {
  await using bench = await openSqliteBench();
  await using directory = await temporaryDirectory();
  const { engine, store } = await bench.open({ work });
  await engine.start(context, { workflow: report, id: "one", labels: { team: "x" } });
  await engine.wait(context, "one", DEADLINE_MS);
  const before = {
    events: await engine.events(context, "one", 0, 1_000),
    state: await engine.state(context, "one"),
  };
  const archive = fileArchive(directory.path);
  await keeping(store, { isArchived: true }, { laterMs: 31 * DAY_MS, archive }).round();
  expect(await engine.get(context, "one")).toBeNull();
  const file = join(directory.path, "default", "one.jsonl.gz");
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()) });
  const archived = await openArchivedRun(lines, nodes, silent);
  expect(await archived.events(0, 1_000)).toEqual(before.events);
  expect(await archived.state()).toEqual(before.state);
  expect(before.state.run.output).toEqual({ value: large });

  const kept: string[] = [];
  const logs = () => kept.filter((line) => line.startsWith('{"kind":"log"'));
  for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) }))
    kept.push(line);
  expect(logs().map((line) => JSON.parse(line).line)).toMatchObject([
    { path: "a", attempt: 1, text: "large", fields: `{"bytes":${large.length}}` },
  ]);
  for (const damaged of [kept.slice(0, -1), kept.filter((line) => !logs().includes(line))])
    await expect(openArchivedRun(listed(damaged), nodes, silent)).rejects.toMatchObject({
      code: "request_invalid",
      message: expect.stringMatching(/not whole/),
    });
});

async function* listed(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

test("retention by status, workflow and size; a run whose archive fails stays", async () => {
  await using bench = await openSqliteBench();
  const { engine, store } = await bench.open({
    work,
  });
  const failing = workflow("failing", { steps: [step("f", "fails")] });
  const other = { ...report, name: "other" };
  const started: [string, typeof report][] = [
    ["ok", report],
    ["failed", failing],
    ["other", other],
  ];
  for (const [id, workflow] of started) {
    await engine.start(context, { workflow, id });
    await engine.wait(context, id, DEADLINE_MS);
  }
  const left = async () =>
    (await engine.list(context, { limit: 10 })).items.map(({ id }) => id).sort();
  await keeping(store, {}, { laterMs: 29 * DAY_MS }).round();
  expect(await left()).toEqual(["failed", "ok", "other"]);
  const broken: Archive = { save: () => Promise.reject(new Error("the archive is full")) };
  const late = { laterMs: 31 * DAY_MS };
  await keeping(store, { isArchived: true }, { ...late, archive: broken }).round();
  expect(await left()).toEqual(["failed", "ok", "other"]);
  const days = { succeeded: 30, failed: 0, cancelled: 30 };
  const first = keeping(store, { days, workflowDays: { other: 90 } }, late);
  await first.round();
  expect(await left()).toEqual(["failed", "other"]);
  expect(first.removedRuns).toBe(1);
  await keeping(store, { storeBytesMax: 1 }).round();
  expect(await left()).toEqual([]);
  // A day after the last run that referred to it, the payload goes as well.
  const sweep = keeping(store, {}, { laterMs: 2 * DAY_MS });
  await sweep.round();
  expect(sweep.sweptBlobs).toBe(1);
  expect(sweep.sweptBytes).toBeGreaterThan(100_000);
});

test("one run that cannot be archived keeps no other; one with a turn that nobody can read can", async () => {
  await using bench = await openSqliteBench();
  await using directory = await temporaryDirectory();
  const { engine, store } = await bench.open({ work });
  const waiting = workflow("waiting", {
    steps: [{ id: "w", uses: "wait.signal", with: { name: "go" } }],
  });
  await engine.start(context, { workflow: waiting, id: "spoilt" });
  await until("it waits", async () => (await engine.get(context, "spoilt"))?.status === "waiting");
  const head = await store.journal.head(context, "spoilt");
  const seq = (head?.seq ?? 0) + 1;
  const spoilt = {
    ...{ tenant: "default", runId: "spoilt", epoch: store.epoch, status: "waiting" as const },
    ...{ startedAtMs: head?.startedAtMs ?? 0, endedAtMs: null, errorCode: null, create: null },
    ...{ sends: [], consumes: [], startKey: null, checkpoint: null },
    record: { runId: "spoilt", firstSeq: seq, lastSeq: seq, atMs: 1, events: "[" },
  };
  await store.journal.commit("spoilt", [spoilt]);
  await engine.terminate(context, "spoilt").catch(() => {});
  await engine.terminate(context, "spoilt");
  for (const id of ["stuck", "plain"]) {
    await engine.start(context, { workflow: report, id });
    await engine.wait(context, id, DEADLINE_MS);
  }
  const files = fileArchive(directory.path);
  const archive: Archive = {
    save: (who, runId, lines) =>
      runId === "stuck"
        ? Promise.reject(new Error("too long a name"))
        : files.save(who, runId, lines),
  };
  const kept = keeping(store, { isArchived: true }, { laterMs: 31 * DAY_MS, archive });
  await kept.round();
  expect((await engine.list(context, { limit: 10 })).items.map(({ id }) => id)).toEqual(["stuck"]);
  expect(kept).toMatchObject({ removedRuns: 2, archivedRuns: 2 });
});

test("however many runs cannot be archived, those behind them go; by age and by size", async () => {
  for (const retention of [{}, { storeBytesMax: 1 }]) {
    await using bench = await openSqliteBench();
    await using directory = await temporaryDirectory();
    const { engine, store } = await bench.open({ work });
    const quick = workflow("quick", { steps: [] });
    const stuck = Array.from({ length: 130 }, (_, index) => `stuck${index}`);
    for (const id of [...stuck, "last"]) {
      await engine.start(context, { workflow: quick, id });
      await engine.wait(context, id, DEADLINE_MS);
    }
    const files = fileArchive(directory.path);
    const tried: string[] = [];
    const archive: Archive = {
      save(who, runId, lines) {
        tried.push(runId);
        if (runId !== "last") return Promise.reject(new Error("too long a name"));
        return files.save(who, runId, lines);
      },
    };
    const laterMs = "storeBytesMax" in retention ? 0 : 31 * DAY_MS;
    const kept = keeping(store, { ...retention, isArchived: true }, { laterMs, archive });
    await kept.round();
    // An archive that is away is not asked for every run there is.
    expect([tried.length, kept.removedRuns]).toEqual([100, 0]);
    await kept.round();
    expect([tried.length, kept.removedRuns]).toEqual([131, 1]);
    expect(new Set(tried).size).toBe(131);
    await kept.round();
    expect(tried.slice(131)).toEqual(tried.slice(0, 100));
  }
});
