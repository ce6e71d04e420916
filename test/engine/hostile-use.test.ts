/** What callers and operators do at the wrong moment, or beyond what anybody meant. */
import { expect, test } from "vitest";
import { context, driven, openBench, work, workflow } from "./engine-fixture.ts";

test("a turn that becomes durable while the engine closes starts nothing any more", async () => {
  const bench = await openBench({
    work: { once: async () => null },
    faults: { onPut: (operation) => (operation === "putBlob" ? 3_000 : 0) },
  });
  const { clock, engine, store } = bench;
  await driven(clock, engine.saveWorkflow(context, workflow("w", { steps: [work("a", "once")] })));
  const input = { text: "x".repeat(100_000) };
  const start = engine.start(context, { workflow: "w", input, id: "r1" });
  await clock.settle();
  await driven(clock, engine.close(0));
  // What was acknowledged is durable, and waits for the next start.
  expect((await driven(clock, start)).created).toBe(true);
  await clock.settle();
  expect(bench.attempts).toHaveLength(0);
  await driven(clock, store.close());
  await driven(clock, bench.crash());
  expect((await bench.settle("r1")).status).toBe("succeeded");
  expect(bench.attempts).toHaveLength(1);
  await bench[Symbol.asyncDispose]();
});

test.each([
  { uses: "wait.until", with: { at: 9e15 } },
  { uses: "wait.for", with: { duration: 9e15 } },
  { uses: "wait.signal", with: { name: "go", expires: 9e15 } },
  { uses: "wait.approval", with: { title: "Well?", expires: 9e15 } },
])("a wait beyond the last date is explained like every other: $uses", async (step) => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const definition = workflow("far", { steps: [{ id: "far", ...step }] });
  const { run } = await driven(clock, engine.start(context, { workflow: definition }));
  await clock.settle();
  const { sentence } = await driven(clock, engine.explain(context, run.id));
  expect(sentence).toContain("+275760-09-13");
});

test("resuming more steps than one turn may load values for takes several turns", async () => {
  await using bench = await openBench();
  const { clock } = bench;
  const loop = (id: string) => ({
    ...{ id, uses: "for_each" },
    with: { items: { range: { start: 0, end: 5_100 } }, concurrency: 5_100 },
    steps: [
      { id: "large", uses: "data.set", with: { value: "${{ 'x'.repeat(300) + item }}" } },
      { id: "wait", uses: "wait.for", needs: ["large"], with: { duration: "1h" } },
      {
        ...{ id: "use", uses: "data.set", needs: ["wait"] },
        with: { value: "${{ steps.large.output.length }}" },
      },
    ],
  });
  const definition = workflow("many", { steps: [loop("left"), loop("right")] });
  const { run } = await driven(clock, bench.engine.start(context, { workflow: definition }));
  const waiting = async () => (await driven(clock, bench.engine.progress(context, run.id))).waiting;
  for (let looks = 0; looks < 1_000 && (await waiting()) < 10_200; looks++) await clock.settle();
  await driven(clock, bench.engine.pause(context, run.id));
  await clock.runUntilIdle();
  // Nothing of it is in memory any more, and all of it is due.
  await bench.crash();
  await driven(clock, bench.engine.resume(context, run.id));
  const { status, error } = await bench.settle(run.id);
  expect({ status, error }).toEqual({ status: "succeeded", error: null });
  const written = await driven(clock, bench.store.journal.turns(context, run.id, 0, 10_000));
  const longest = Math.max(...written.map(({ firstSeq, lastSeq }) => lastSeq - firstSeq + 1));
  expect(longest).toBeLessThan(12_000);
});

test("a run that a call loads during recovery keeps its concurrency slot", async () => {
  let readMs = 0;
  await using bench = await openBench({
    faults: { onRead: (operation) => (operation === "turns" ? readMs : 0) },
  });
  const { clock } = bench;
  const definition = workflow("one", {
    concurrency: { key: "${{ 'k' }}", limit: 1 },
    steps: [{ id: "s", uses: "wait.signal", with: { name: "go" } }],
  });
  await driven(clock, bench.engine.saveWorkflow(context, definition));
  for (const id of ["a", "b"])
    await driven(clock, bench.engine.start(context, { workflow: "one", id }));
  const statuses = async () => {
    const a = await driven(clock, bench.engine.get(context, "a"));
    const b = await driven(clock, bench.engine.get(context, "b"));
    return [a?.status, b?.status];
  };
  expect(await statuses()).toEqual(["waiting", "queued"]);
  readMs = 5_000;
  const engine = await bench.crash();
  await driven(clock, engine.pause(context, "a"));
  await clock.runUntilIdle();
  expect(await statuses()).toEqual(["paused", "queued"]);
});

test("of runs that cancel each other and start together the last one is left", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const definition = workflow("last", {
    concurrency: { key: "${{ 'k' }}", limit: 1, whenFull: "cancelRunning" },
    steps: [{ id: "s", uses: "wait.signal", with: { name: "go" } }],
  });
  await driven(clock, engine.saveWorkflow(context, definition));
  const ids = ["a", "b", "c", "d"];
  await driven(
    clock,
    Promise.all(ids.map((id) => engine.start(context, { workflow: "last", id }))),
  );
  await clock.runUntilIdle();
  const runs = await driven(clock, Promise.all(ids.map((id) => engine.get(context, id))));
  const statuses = runs.map((run) => run?.status);
  expect(statuses).toEqual(["cancelled", "cancelled", "cancelled", "waiting"]);
});

test("of runs that cancel each other under a limit of two the last two are left", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const definition = workflow("last-two", {
    concurrency: { key: "${{ 'k' }}", limit: 2, whenFull: "cancelRunning" },
    steps: [{ id: "s", uses: "wait.signal", with: { name: "go" } }],
  });
  await driven(clock, engine.saveWorkflow(context, definition));
  const start = (ids: readonly string[]) =>
    driven(
      clock,
      Promise.all(ids.map((id) => engine.start(context, { workflow: "last-two", id }))),
    );
  const statuses = async (ids: readonly string[]) => {
    await clock.runUntilIdle();
    const runs = await driven(clock, Promise.all(ids.map((id) => engine.get(context, id))));
    return runs.map((run) => run?.status);
  };
  await start(["a", "b"]);
  expect(await statuses(["a", "b"])).toEqual(["waiting", "waiting"]);
  // Two that come together displace two, not the oldest twice.
  await start(["c", "d"]);
  expect(await statuses(["a", "b", "c", "d"])).toEqual([
    "cancelled",
    "cancelled",
    "waiting",
    "waiting",
  ]);
  await start(["e"]);
  expect(await statuses(["c", "d", "e"])).toEqual(["cancelled", "waiting", "waiting"]);
  await start(["f", "g", "h", "i", "j"]);
  expect(await statuses(["d", "e", "f", "g", "h", "i", "j"])).toEqual([
    ...["cancelled", "cancelled", "cancelled", "cancelled", "cancelled"],
    ...["waiting", "waiting"],
  ]);
});
