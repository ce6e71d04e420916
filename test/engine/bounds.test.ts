/** Bounds of one run that are not passed in silence: unread signals, nested runs, labels, readers. */
import { expect, test } from "vitest";
import { context, driven, openBench, workflow } from "./engine-fixture.ts";

const SIGNALS_MAX = 1_000;
const DEPTH_MAX = 32;

test("1,000 signals are kept unread; what an open wait takes comes in all the same", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const listener = workflow("listener", {
    steps: [
      { id: "go", uses: "wait.signal", with: { name: "go" } },
      { id: "other", uses: "wait.signal", with: { name: "other" } },
    ],
  });
  const { run } = await driven(clock, engine.start(context, { workflow: listener }));
  const send = (name: string) => driven(clock, engine.signal(context, run.id, { name }));
  for (let count = 0; count < SIGNALS_MAX; count++)
    expect(await send("other")).toMatchObject({ applied: true });
  await expect(send("other")).rejects.toMatchObject({ code: "signals_full" });
  await driven(clock, engine.pause(context, run.id));
  // While paused the open wait has room for one.
  expect(await send("go")).toMatchObject({ applied: true });
  await expect(send("go")).rejects.toMatchObject({ code: "signals_full" });
  await driven(clock, engine.resume(context, run.id));
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded" });
  const events = await driven(clock, engine.events(context, run.id, 0, 10_000));
  const read = events.filter(({ type }) => type === "signal.consumed").map(({ path }) => path);
  expect(read).toEqual(["go", "other"]);
});

test(`a run may have ${DEPTH_MAX} descendants in a row; the next one fails with its place`, async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const nested = workflow("nested", {
    steps: [{ id: "inner", uses: "workflow.run", with: { workflow: "nested" } }],
  });
  const run = await bench.run(nested);
  expect(run).toMatchObject({ status: "failed", error: { code: "child_failed" } });
  const { items } = await driven(clock, engine.list(context, { workflow: "nested", limit: 100 }));
  expect(items).toHaveLength(1 + DEPTH_MAX);
  const codes = items.map(({ errorCode }) => errorCode);
  expect(codes.filter((code) => code === "limit_exceeded")).toHaveLength(1);
});

test("a caller gives at most 32 labels", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const start = (count: number) => {
    const labels = Object.fromEntries(Array.from({ length: count }, (_, at) => [`l${at}`, "x"]));
    const definition = workflow("labelled", { steps: [{ id: "a", uses: "noop" }] });
    return driven(clock, engine.start(context, { workflow: definition, labels }));
  };
  expect((await start(32)).run.labels).toHaveProperty("l31");
  await expect(start(33)).rejects.toMatchObject({ code: "request_invalid" });
});

test("a run that a newer version wrote is left alone, and whoever calls is told why", async () => {
  await using bench = await openBench();
  const { clock } = bench;
  const definition = workflow("waits", {
    steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
  });
  const { run } = await driven(clock, bench.engine.start(context, { workflow: definition }));
  await clock.settle();
  const { journal, epoch } = bench.store;
  const head = await journal.head(context, run.id);
  if (head === null) throw new Error("no head");
  const turns = await journal.turns(context, run.id, 0, 100);
  const events = JSON.stringify(turns.flatMap((turn) => JSON.parse(turn.events)));
  const { tenant, version, createdAtMs, labels, parentRunId, status, startedAtMs, seq } = head;
  const create = {
    ...{ tenant, runId: "newer", workflow: "waits", version },
    ...{ createdAtMs, labels, parentRunId, minReader: head.minReader + 1 },
  };
  await journal.commit("newer", [
    {
      ...{ tenant, runId: "newer", epoch, status, startedAtMs, create },
      record: { runId: "newer", firstSeq: 1, lastSeq: seq, atMs: createdAtMs, events },
      ...{ endedAtMs: null, errorCode: null, sends: [], consumes: [] },
      ...{ startKey: null, checkpoint: null },
    },
  ]);
  await bench.crash();
  await clock.runUntilIdle();
  expect(bench.logs.filter(({ message }) => message.includes("newer reader"))).toMatchObject([
    { level: "warn", fields: { run: "newer" } },
  ]);
  const signal = (runId: string) =>
    driven(clock, bench.engine.signal(context, runId, { name: "go" }));
  await expect(signal("newer")).rejects.toMatchObject({ code: "store_newer" });
  expect(await signal(run.id)).toMatchObject({ applied: true });
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded" });
});
