/** Another priority for a run under way, and checkpoints that somebody asks for. */
import { expect, test } from "vitest";
import { context, driven, openBench, type Work, work, workflow } from "./engine-fixture.ts";

const why = { reason: "the customer waits" };

/** One attempt at a time; each of them lasts until the clock has gone on by a second. */
async function openNarrow() {
  const second: Work = () =>
    new Promise((resolve) => void bench.clock.after(1_000, () => resolve(null)));
  const bench = await openBench({ limits: { attemptsMax: 1 }, work: { second } });
  return bench;
}

test.each([
  ["the bound on all attempts", {}],
  ["a gate of its own", { concurrency: { key: "'desk'", limit: 1 } }],
  ["a remembered result that is not there", { memo: { key: "run.id" } }],
])("attempts that wait for %s go by the run's new priority at once", async (_name, policies) => {
  await using bench = await openNarrow();
  const { engine, clock } = bench;
  const definition = workflow("waiting", {
    steps: [work("one", "second", policies), work("own", "second", { priority: 1 })],
  });
  for (const id of ["first", "second", "third"])
    await driven(clock, engine.start(context, { workflow: definition, id }));
  await clock.settle();
  await driven(clock, engine.prioritize(context, "third", { priority: 9, ...why }));
  // Nothing changes: nothing is journaled.
  await driven(clock, engine.prioritize(context, "third", { priority: 9 }));
  for (let passed = 0; passed < 8; passed++) await clock.advanceBy(1_000);

  const order = bench.attempts.map(({ runId, path }) => `${runId} ${path}`);
  expect(order.indexOf("third one")).toBeLessThan(order.indexOf("second one"));
  // A step with a priority of its own keeps it.
  expect(order.indexOf("third own")).toBeGreaterThan(order.indexOf("second one"));
  expect(order.length).toBe(6);
  const events = await driven(clock, engine.events(context, "third", 0, 100));
  expect(events.filter(({ type }) => type === "run.prioritized").map(({ event }) => event)).toEqual(
    [{ type: "run.prioritized", priority: 9, by: "local", ...why }],
  );
});

test("a new priority survives a crash, and is refused where it is none", async () => {
  await using bench = await openNarrow();
  const { engine, clock } = bench;
  const definition = workflow("waiting", { steps: [work("one", "second")] });
  for (const id of ["first", "second", "third"])
    await driven(clock, engine.start(context, { workflow: definition, id }));
  await driven(clock, engine.prioritize(context, "third", { priority: 9 }));
  await bench.crash();
  for (let passed = 0; passed < 8; passed++) await clock.advanceBy(1_000);
  const begun = bench.attempts.map(({ runId }) => runId);
  expect(begun.lastIndexOf("third")).toBeLessThan(begun.indexOf("second"));
  for (const priority of [-1, 11, 1.5])
    await expect(
      driven(clock, bench.engine.prioritize(context, "third", { priority })),
    ).rejects.toMatchObject({ code: "request_invalid" });
  await expect(
    driven(clock, bench.engine.prioritize(context, "third", { priority: 1 })),
  ).rejects.toMatchObject({ code: "run_terminal" });
});

test("a checkpoint on demand is journaled, gone on from, and stays when it is pinned", async () => {
  await using bench = await openBench({ work: { echo: async () => 1 } });
  const { clock } = bench;
  const { id } = await bench.run(
    workflow("kept", {
      steps: [work("a", "echo"), { id: "go", uses: "wait.signal", with: { name: "go" } }],
    }),
  );
  const save = (pin: boolean) =>
    driven(clock, bench.engine.care.checkpoint(context, id, { pin, ...why }));
  const pinned = await save(true);
  expect(pinned).toMatchObject({ isPinned: true });
  for (let more = 0; more < 3; more++) expect((await save(false)).seq).toBe(pinned.seq + more + 1);
  const marks = await driven(clock, bench.engine.care.checkpoints(context, id));
  expect(marks.map(({ seq, isPinned }) => [seq, isPinned])).toEqual([
    [pinned.seq + 3, false],
    [pinned.seq + 2, false],
    [pinned.seq, true],
  ]);
  const events = await driven(clock, bench.engine.events(context, id, pinned.seq - 1, 1));
  expect(events[0]?.event).toEqual({
    ...{ type: "checkpoint.saved", isPinned: true, by: "local" },
    ...why,
  });
  await bench.crash();
  await driven(clock, bench.engine.signal(context, id, { name: "go" }));
  expect(await bench.settle(id)).toMatchObject({ status: "succeeded" });
  await expect(driven(clock, bench.engine.care.checkpoint(context, id, {}))).rejects.toMatchObject({
    code: "run_terminal",
  });
  expect(bench.attempts.length).toBe(1);
});

test("a run keeps a bounded number of pinned checkpoints", async () => {
  await using bench = await openBench({});
  const { clock, engine } = bench;
  const { id } = await bench.run(
    workflow("kept", { steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }] }),
  );
  const pin = () => driven(clock, engine.care.checkpoint(context, id, { pin: true }));
  for (let count = 0; count < 20; count++) await pin();
  await expect(pin()).rejects.toMatchObject({ code: "action_refused" });
  await driven(clock, engine.care.checkpoint(context, id, {}));
});

const untilGo = workflow("ends", {
  steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
});

/** What comes while a commit is under way is one turn. */
const openSlow = () => openBench({ faults: { onCommit: () => ({ kind: "none", delayMs: 50 }) } });

test("a checkpoint that is asked for in the turn in which the run ends is refused as such", async () => {
  await using bench = await openSlow();
  const { clock, engine } = bench;
  const { id } = await bench.run(untilGo);
  // Both come while a commit is under way.
  const labelled = engine.label(context, id, { set: { a: "1" } });
  await clock.settle();
  const asked = engine.care.checkpoint(context, id, {});
  await clock.settle();
  const sent = engine.signal(context, id, { name: "go" });
  const ends = await driven(clock, Promise.allSettled([asked, sent, labelled]));
  expect(await bench.settle(id)).toMatchObject({ status: "succeeded" });
  expect(ends).toMatchObject([
    { status: "rejected", reason: { code: "run_terminal" } },
    { status: "fulfilled" },
    { status: "fulfilled" },
  ]);
});

test("a pinned checkpoint that could not be kept is not said to be one that somebody else has had saved", async () => {
  await using bench = await openSlow();
  const { clock, engine } = bench;
  const { id } = await bench.run(untilGo);
  // This one is kept while the other is asked for, which shares its turn with the end of the run.
  const saved = engine.care.checkpoint(context, id, {});
  await clock.settle();
  const pinned = engine.care.checkpoint(context, id, { pin: true });
  await clock.settle();
  const sent = engine.signal(context, id, { name: "go" });
  expect(await driven(clock, Promise.allSettled([saved, pinned, sent]))).toMatchObject([
    { status: "fulfilled", value: { isPinned: false } },
    { status: "rejected", reason: { code: "run_terminal" } },
    { status: "fulfilled" },
  ]);
});
