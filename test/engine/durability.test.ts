/** The embedded engine against crashes, refused commits and lost values, on a simulated disk. */
import { expect, test } from "vitest";
import { context, driven, openBench, type Work, work, workflow } from "./engine-fixture.ts";

const echo: Work = async ({ config }) => (config as { value?: unknown }).value ?? null;
const sleep = (
  bench: () => { clock: { after(ms: number, wake: () => void): unknown } },
  ms: number,
) => new Promise<void>((resolve) => void bench().clock.after(ms, resolve));

test("after a crash every open run goes on; a lost attempt is repeated under its key", async () => {
  await using bench = await openBench({
    work: {
      slow: async (request) => {
        await sleep(() => bench, 100);
        return echo(request, new AbortController().signal);
      },
    },
  });
  const { clock } = bench;
  const definition = workflow("long", {
    steps: [
      work("a", "slow", { with: { value: 1 } }),
      { id: "nap", uses: "wait.for", with: { duration: "1h" } },
      work("b", "slow", { with: { value: "${{ steps.a.output + 1 }}" } }),
      { id: "go", uses: "wait.signal", with: { name: "go" } },
    ],
    output: "${{ steps.b.output }}",
  });
  const { run } = await driven(clock, bench.engine.start(context, { workflow: definition }));
  await clock.settle();
  await bench.crash();
  expect(bench.engine.stats()).toMatchObject({ continuedRuns: 1, openRuns: 1 });
  await clock.advanceBy(150);
  await bench.crash();
  await clock.advanceBy(1_800_000);
  await bench.crash();
  await clock.advanceBy(1_800_000);
  await bench.crash();
  await bench.settle(run.id);
  await driven(clock, bench.engine.signal(context, run.id, { name: "go" }));
  await bench.crash();
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded", output: 2 });
  const ofA = bench.attempts.filter(({ path }) => path === "a");
  expect(ofA.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(new Set(ofA.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  const events = await driven(clock, bench.engine.events(context, run.id, 0, 1_000));
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.filter(({ type }) => type === "step.lost").map(({ path }) => path)).toEqual([
    "a",
    "b",
  ]);
  expect(bench.logs.filter(({ level }) => level !== "info")).toEqual([]);
});

test("three lost attempts in a row fail the step", async () => {
  await using bench = await openBench({ work: { forever: () => new Promise(() => {}) } });
  const { run } = await driven(
    bench.clock,
    bench.engine.start(context, {
      workflow: workflow("poison", { steps: [work("a", "forever")] }),
    }),
  );
  for (let crash = 0; crash < 3; crash++) {
    await bench.clock.settle();
    await bench.crash();
  }
  expect(await bench.settle(run.id)).toMatchObject({
    status: "failed",
    error: { code: "host_lost" },
  });
});

test("an id or key seen before answers the same run, with another body run_exists", async () => {
  await using bench = await openBench({ work: { echo } });
  const { clock } = bench;
  const definition = workflow("once", { steps: [work("a", "echo")] });
  const start = (request: object) =>
    driven(clock, bench.engine.start(context, { workflow: definition, ...request }));
  const both = await Promise.all([
    start({ id: "mine", input: { n: 1 } }),
    start({ id: "mine", input: { n: 1 } }),
  ]);
  expect(both.map(({ created }) => created).sort()).toEqual([false, true]);
  const byKey = await start({ idempotencyKey: "k1" });
  await bench.crash();
  expect(await start({ id: "mine", input: { n: 1 } })).toMatchObject({
    created: false,
    run: { id: "mine" },
  });
  expect(await start({ idempotencyKey: "k1" })).toMatchObject({
    created: false,
    run: { id: byKey.run.id },
  });
  await expect(start({ id: "mine", input: { n: 2 } })).rejects.toMatchObject({
    code: "run_exists",
  });
  await expect(start({ idempotencyKey: "k1", input: { n: 2 } })).rejects.toMatchObject({
    code: "run_exists",
  });
  expect(bench.attempts).toHaveLength(2);
});

test("calls fail while the store is away and what ran is not lost", async () => {
  let isAway = false;
  await using bench = await openBench({
    work: {
      slow: async () => {
        await sleep(() => bench, 100);
        return "done";
      },
    },
    faults: { onCommit: () => (isAway ? { kind: "unavailable" } : { kind: "none" }) },
  });
  const { clock, engine } = bench;
  const definition = workflow("outage", { steps: [work("a", "slow"), work("b", "slow")] });
  const { run } = await driven(clock, engine.start(context, { workflow: definition }));
  await clock.settle();
  isAway = true;
  await expect(
    driven(clock, engine.start(context, { workflow: definition })),
  ).rejects.toMatchObject({
    code: "store_unavailable",
  });
  await clock.advanceBy(60_000);
  expect(bench.attempts.map(({ path }) => path)).toEqual(["a"]);
  const told = async () => (await driven(clock, engine.explain(context, run.id))).warnings;
  expect(await told()).toEqual([
    expect.stringMatching(/^The store refused the last commit; the run goes on .*: \S/),
  ]);
  isAway = false;
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded" });
  expect(await told()).toEqual([]);
  // Nothing was repeated: the results were held, not lost.
  expect(bench.attempts.map(({ path, attempt }) => `${path}#${attempt}`)).toEqual(["a#1", "b#1"]);
});

test.each([true, false])(
  "an unknown outcome (committed: %s) neither loses nor doubles a step",
  async (isCommitted) => {
    let commits = 0;
    await using bench = await openBench({
      work: { echo },
      faults: {
        onCommit: () => (++commits % 2 === 0 ? { kind: "unknown", isCommitted } : { kind: "none" }),
      },
    });
    const { clock } = bench;
    const definition = workflow("doubtful", {
      steps: ["a", "b", "c", "d"].map((id) => work(id, "echo", { with: { value: id } })),
    });
    const run = await bench.run(definition);
    expect(run).toMatchObject({ status: "succeeded", output: "d" });
    const events = await driven(clock, bench.engine.events(context, run.id, 0, 1_000));
    const ends = events.filter(({ type }) => type === "step.succeeded").map(({ path }) => path);
    expect(ends).toEqual(["a", "b", "c", "d"]);
    expect(bench.attempts).toHaveLength(4);
  },
);

test("a run that the journal refuses alone is parked and says so; the others go on; a call tries again", async () => {
  let refused: string | null = null;
  await using bench = await openBench({
    work: {
      slow: async () => {
        await sleep(() => bench, 100);
        return "done";
      },
    },
    faults: {
      onCommit: ({ turns }) =>
        turns.some(({ runId }) => runId === refused)
          ? { kind: "refused", runId: refused }
          : { kind: "none" },
    },
  });
  const { clock, engine } = bench;
  const definition = workflow("refused", { steps: [work("a", "slow")] });
  const bad = await driven(clock, engine.start(context, { workflow: definition }));
  const good = await driven(clock, engine.start(context, { workflow: definition }));
  refused = bad.run.id;
  expect(await bench.settle(good.run.id)).toMatchObject({ status: "succeeded" });
  expect(await driven(clock, engine.explain(context, bad.run.id))).toMatchObject({
    status: "running",
    waits: [{ kind: "journal", text: expect.stringContaining("journal_refused") }],
  });
  refused = null;
  await driven(clock, engine.pause(context, bad.run.id));
  await driven(clock, engine.resume(context, bad.run.id));
  expect(await bench.settle(bad.run.id)).toMatchObject({ status: "succeeded" });
});

test("large values live in the blob store and come back, also after a crash; a lost one fails the step", async () => {
  const large = "x".repeat(200_000);
  await using bench = await openBench({
    work: {
      echo,
      make: async () => ({ large, n: 1 }),
      size: async ({ config }) => JSON.stringify(config).length,
    },
  });
  const { clock } = bench;
  const definition = workflow("large", {
    steps: [
      work("a", "make"),
      { id: "go", uses: "wait.signal", with: { name: "go" } },
      work("b", "echo", { with: { value: "${{ steps.a.output }}" } }),
    ],
    output: "${{ steps.b.output.large.length }}",
  });
  const start = () => driven(clock, bench.engine.start(context, { workflow: definition }));
  const one = await start();
  const two = await start();
  await bench.settle(one.run.id);
  const events = await driven(clock, bench.engine.events(context, one.run.id, 0, 100));
  const made = events.find(({ type, path }) => type === "step.succeeded" && path === "a");
  const hash = (made?.event["outputBlob"] as { hash: string } | undefined)?.hash ?? "";
  expect(made?.event).toMatchObject({
    outputBlob: { bytes: JSON.stringify({ large, n: 1 }).length },
  });
  const { steps } = await driven(clock, bench.engine.state(context, one.run.id));
  expect(steps[0]?.output).toMatchObject({ note: expect.stringContaining("larger than") });
  await bench.crash();
  await driven(clock, bench.engine.signal(context, one.run.id, { name: "go" }));
  expect(await bench.settle(one.run.id)).toMatchObject({ status: "succeeded", output: 200_000 });
  await bench.crash();
  bench.disk.data.corruptBlob(hash);
  await driven(clock, bench.engine.signal(context, two.run.id, { name: "go" }));
  expect(await bench.settle(two.run.id)).toMatchObject({
    status: "failed",
    error: { code: "blob_missing", path: "b" },
  });
});

test("close lets attempts finish within the grace, commits them, and leaves the rest to the next start", async () => {
  await using bench = await openBench({
    work: {
      short: async () => {
        await sleep(() => bench, 100);
        return "kept";
      },
      long: (_request, signal) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("aborted"))),
        ),
    },
  });
  const { clock, engine } = bench;
  const definition = workflow("closing", {
    steps: [work("a", "short"), work("b", "long", { needs: [] })],
  });
  const { run } = await driven(clock, engine.start(context, { workflow: definition }));
  await clock.settle();
  const closing = engine.close(1_000);
  await expect(engine.start(context, { workflow: definition })).rejects.toMatchObject({
    code: "shutting_down",
  });
  await driven(clock, closing);
  expect(clock.armed).toBe(0);
  await bench.crash();
  await clock.settle();
  const { steps } = await driven(clock, bench.engine.state(context, run.id));
  expect(steps.map(({ path, status }) => `${path} ${status}`).sort()).toEqual([
    "a succeeded",
    "b running",
  ]);
});

test("checkpoints: restored from the newest readable one, from the journal when it is corrupt", async () => {
  await using bench = await openBench({ work: { echo }, limits: { checkpointEvents: 50 } });
  const { clock } = bench;
  const definition = workflow("long-loop", {
    steps: [
      {
        id: "all",
        uses: "for_each",
        with: { items: { range: { start: 0, end: 200 } } },
        steps: [work("x", "echo", { with: { value: "${{ item }}" } })],
      },
      { id: "go", uses: "wait.signal", with: { name: "go" } },
    ],
    output: "${{ steps.all.output.succeeded }}",
  });
  const { run } = await driven(clock, bench.engine.start(context, { workflow: definition }));
  await bench.settle(run.id);
  const checkpoints = await bench.store.journal.checkpoints(context, run.id, () => {});
  expect(checkpoints.length).toBeGreaterThan(1);
  bench.disk.data.corruptCheckpoint("default", run.id, checkpoints[0]?.seq ?? 0);
  await bench.crash();
  await driven(clock, bench.engine.signal(context, run.id, { name: "go" }));
  expect(bench.logs.filter(({ message }) => message.includes("corrupt"))).toMatchObject([
    { level: "error", fields: { runId: run.id, seq: checkpoints[0]?.seq } },
  ]);
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded", output: 200 });
});
