/** What callers read of runs and may ask of them, on simulated time and disk. */
import { expect, test } from "vitest";
import { context, driven, openBench, type Work, work, workflow } from "./engine-fixture.ts";

const echo: Work = async ({ config }) => (config as { value?: unknown }).value ?? null;
const sleep = (
  bench: () => { clock: { after(ms: number, wake: () => void): unknown } },
  ms: number,
) => new Promise<void>((resolve) => void bench().clock.after(ms, resolve));

test("a follower sees every event once, from any sequence number, across catch-up and live", async () => {
  await using bench = await openBench({
    work: {
      slow: async () => {
        await sleep(() => bench, 10);
        return "y".repeat(300);
      },
    },
  });
  const { clock, engine } = bench;
  const definition = workflow("followed", {
    steps: Array.from({ length: 20 }, (_, index) => work(`s${index}`, "slow")),
  });
  const { run } = await driven(clock, engine.start(context, { workflow: definition }));
  await clock.advanceBy(55);
  const signal = new AbortController().signal;
  const collect = async (afterSeq: number) => {
    const seen: number[] = [];
    for await (const { seq } of engine.follow(context, run.id, afterSeq, signal)) seen.push(seq);
    return seen;
  };
  const followers = [collect(0), collect(7)];
  const ended = await bench.settle(run.id);
  const [all, some] = await Promise.all(followers.map((follower) => driven(clock, follower)));
  expect(all).toEqual(Array.from({ length: ended.seq }, (_, index) => index + 1));
  expect(some).toEqual(all?.slice(7));
  expect(await driven(clock, collect(ended.seq))).toEqual([]);

  const endless = workflow("endless", {
    steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
  });
  const other = await driven(clock, engine.start(context, { workflow: endless }));
  const controller = new AbortController();
  const stopped = (async () => {
    let count = 0;
    for await (const _ of engine.follow(context, other.run.id, 0, controller.signal)) count++;
    return count;
  })();
  await clock.settle();
  controller.abort();
  expect(await driven(clock, stopped)).toBeGreaterThan(2);
});

test("wait answers at the end, at its timeout, or when the caller leaves", async () => {
  await using bench = await openBench({
    work: {
      slow: async () => {
        await sleep(() => bench, 500);
        return 1;
      },
    },
  });
  const { clock, engine } = bench;
  const definition = workflow("awaited", { steps: [work("a", "slow")] });
  const { run } = await driven(clock, engine.start(context, { workflow: definition }));
  await clock.settle();
  const short = engine.wait(context, run.id, 100);
  const long = engine.wait(context, run.id, 10_000);
  const controller = new AbortController();
  const left = engine.wait(context, run.id, 10_000, controller.signal);
  await clock.settle();
  controller.abort();
  expect((await driven(clock, left)).status).toBe("running");
  await clock.advanceBy(200);
  expect((await driven(clock, short)).status).toBe("running");
  await clock.advanceBy(400);
  expect(await driven(clock, long)).toMatchObject({ status: "succeeded", output: 1 });
  await bench.clock.settle();
});

test("resting runs leave memory and come back for timers, signals and questions", async () => {
  await using bench = await openBench({ work: { echo }, limits: { loadedRunsMax: 5 } });
  const { clock, engine } = bench;
  const definition = workflow("resting", {
    steps: [
      { id: "nap", uses: "wait.for", with: { duration: "1h" } },
      { id: "ask", uses: "wait.approval", with: { title: "Go on?" } },
      work("b", "echo"),
    ],
  });
  const ids: string[] = [];
  for (let index = 0; index < 40; index++)
    ids.push((await driven(clock, engine.start(context, { workflow: definition }))).run.id);
  await clock.advanceBy(3_600_001);
  const approvals = await driven(clock, engine.approvals(context));
  expect(approvals.map(({ runId }) => runId).sort()).toEqual(ids);
  expect(await driven(clock, engine.progress(context, ids[3] ?? ""))).toMatchObject({ waiting: 1 });
  await bench.crash();
  await clock.settle();
  expect(await driven(clock, bench.engine.approvals(context))).toHaveLength(40);
  for (const id of ids)
    await driven(clock, bench.engine.decideApproval(context, id, "ask", { approved: true }));
  for (const id of ids) expect(await bench.settle(id)).toMatchObject({ status: "succeeded" });
  expect(bench.engine.stats().openRuns).toBe(0);
});

test("the state of a run shows the variables that it has, not those that it had", async () => {
  await using bench = await openBench();
  const steps = ["gone", "back"].map((name) => ({
    ...{ id: name, uses: "state.variable", needs: [], with: { name, operation: "delete" } },
  }));
  const again = { name: "back", operation: "set", value: 2 };
  const run = await bench.run(
    workflow("variables", {
      vars: { kept: 1, gone: 1, back: 1 },
      steps: [...steps, { id: "again", uses: "state.variable", needs: ["back"], with: again }],
    }),
  );
  const { vars } = await driven(bench.clock, bench.engine.state(context, run.id));
  expect(vars).toEqual({ kept: 1, back: 2 });
});

test("payloads over a limit are refused by its name", async () => {
  await using bench = await openBench({
    work: { echo },
    limits: { inputBytesMax: 1_000, signalBytesMax: 100 },
  });
  const { clock, engine } = bench;
  const definition = workflow("limits", {
    steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
  });
  await expect(
    driven(
      clock,
      engine.start(context, { workflow: definition, input: { text: "ü".repeat(600) } }),
    ),
  ).rejects.toMatchObject({
    code: "payload_too_large",
    message: expect.stringContaining("inputBytesMax"),
  });
  const { run } = await driven(clock, engine.start(context, { workflow: definition }));
  await expect(
    driven(clock, engine.signal(context, run.id, { name: "go", payload: "x".repeat(200) })),
  ).rejects.toMatchObject({
    code: "payload_too_large",
    message: expect.stringContaining("signalBytesMax"),
  });
});

test("a rerun is a new run of the same version, linked to the old one", async () => {
  await using bench = await openBench({ work: { echo } });
  const definition = workflow("again", {
    steps: [work("a", "echo", { with: { value: "${{ input.n }}" } })],
  });
  const first = await bench.run(definition, { n: 1 });
  const second = await driven(
    bench.clock,
    bench.engine.rerun(context, first.id, { reason: "why not" }),
  );
  expect(await bench.settle(second.id)).toMatchObject({
    output: 1,
    forkedFrom: first.id,
    version: 1,
  });
  const third = await driven(
    bench.clock,
    bench.engine.rerun(context, first.id, { input: { n: 5 } }),
  );
  expect(await bench.settle(third.id)).toMatchObject({ output: 5 });
  expect(new Set(bench.attempts.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(3);
});

test("a step whose id is no identifier is listed once, under its path", async () => {
  await using bench = await openBench({ work: { echo } });
  const definition = workflow("foreign", {
    steps: [work("1", "echo"), { ...work("node-2", "echo"), if: "false" }, work("three", "echo")],
  });
  const run = await bench.run(definition);
  const { steps } = await driven(bench.clock, bench.engine.state(context, run.id));
  expect(steps.map(({ id, path, status }) => [id, path, status])).toEqual([
    ["1", '["1"]', "succeeded"],
    ["node-2", '["node-2"]', "skipped"],
    ["three", "three", "succeeded"],
  ]);
});
