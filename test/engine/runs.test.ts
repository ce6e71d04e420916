/** The embedded engine end to end on simulated time: every scope, and what can happen to a step. */
import { expect, test } from "vitest";
import type { Json } from "#workflow/json.ts";
import { context, driven, openBench, type Work, work, workflow } from "./engine-fixture.ts";

const echo: Work = async ({ config }) => (config as { value?: Json }).value ?? null;

test("a sequence: each step sees the one before, and its successor costs no commit of its own", async () => {
  await using bench = await openBench({ work: { echo } });
  const run = await bench.run(
    workflow("sequence", {
      steps: [
        work("a", "echo", { with: { value: 1 } }),
        work("b", "echo", { with: { value: "${{ steps.a.output + 1 }}" } }),
        work("c", "echo", { with: { value: "${{ steps.b.output + 1 }}" } }),
      ],
      output: "${{ steps.c.output }}",
    }),
  );
  expect(run).toMatchObject({ status: "succeeded", output: 3, error: null });
  // start + a; b; c; end: each turn settles a step and starts the next.
  expect(bench.engine.stats()).toMatchObject({ turns: 4, openRuns: 0, runningAttempts: 0 });
  expect(bench.logs).toEqual([]);
});

test("input: defaults are filled in, misfits never start a run", async () => {
  await using bench = await openBench({ work: { echo } });
  const definition = workflow("greeting", {
    input: {
      type: "object",
      required: ["name"],
      properties: { name: { type: "string" }, times: { type: "number", default: 2 } },
    },
    steps: [work("a", "echo", { with: { value: "${{ input.name.repeat(input.times) }}" } })],
  });
  expect(await bench.run(definition, { name: "ab" })).toMatchObject({
    output: "abab",
    input: { name: "ab", times: 2 },
  });
  await expect(
    bench.engine.start(context, { workflow: definition, input: {} }),
  ).rejects.toMatchObject({
    code: "input_invalid",
  });
  await expect(bench.engine.start(context, { workflow: "nobody" })).rejects.toMatchObject({
    code: "workflow_not_found",
  });
});

test("for_each: results in order, at most `concurrency` at a time", async () => {
  let now = 0;
  let most = 0;
  await using bench = await openBench({
    work: {
      count: async ({ config }) => {
        most = Math.max(most, ++now);
        await new Promise<void>((resolve) => void bench.clock.after(10, resolve));
        now--;
        return (config as { value: number }).value * 10;
      },
    },
  });
  const run = await bench.run(
    workflow("each", {
      steps: [
        {
          id: "all",
          uses: "for_each",
          with: { items: "${{ input.items }}", as: "n", concurrency: 3 },
          steps: [work("x", "count", { with: { value: "${{ n }}" } })],
        },
      ],
    }),
    { items: [1, 2, 3, 4, 5, 6, 7] },
  );
  expect(run.output).toEqual({ results: [10, 20, 30, 40, 50, 60, 70], succeeded: 7, failed: [] });
  expect(most).toBe(3);
});

test("for_each over an object and its failed items", async () => {
  await using bench = await openBench({
    work: {
      odd: async ({ config }) => {
        const { value } = config as { value: number };
        if (value % 2 === 0)
          throw Object.assign(new Error("even"), { code: "user.even", retryable: false });
        return value;
      },
    },
  });
  const run = await bench.run(
    workflow("each-object", {
      steps: [
        {
          id: "all",
          uses: "for_each",
          with: { items: { a: 1, b: 2, c: 3 }, onItemError: "continue" },
          steps: [work("x", "odd", { with: { value: "${{ item }}" } })],
        },
      ],
    }),
  );
  expect(run).toMatchObject({ status: "succeeded" });
  expect(run.output).toMatchObject({ results: [1, null, 3], succeeded: 2, failed: [{ index: 1 }] });
});

test("while, parallel, if, switch and try", async () => {
  await using bench = await openBench({
    work: {
      echo,
      fails: async () => {
        throw Object.assign(new Error("broken"), { code: "user.broken", retryable: false });
      },
    },
  });
  const run = await bench.run(
    workflow("scopes", {
      steps: [
        {
          id: "loop",
          uses: "while",
          with: { condition: "carry.n < 5", maxIterations: 10, carry: { n: 0 } },
          steps: [work("inc", "echo", { with: { value: "${{ carry.n + 2 }}" } })],
          update: { n: "${{ steps.inc.output }}" },
        },
        {
          id: "both",
          uses: "parallel",
          branches: {
            left: { steps: [work("l", "echo", { with: { value: "L" } })] },
            right: { steps: [work("r", "echo", { with: { value: "R" } })] },
          },
        },
        {
          id: "choice",
          uses: "if",
          with: { condition: "steps.both.output.left == 'L'" },
          // biome-ignore lint/suspicious/noThenProperty: the language's word
          then: [work("yes", "echo", { with: { value: "yes" } })],
          else: [work("no", "echo", { with: { value: "no" } })],
        },
        {
          id: "which",
          uses: "switch",
          with: { value: "${{ steps.choice.output }}" },
          cases: { yes: { steps: [work("one", "echo", { with: { value: 1 } })] } },
          default: { steps: [work("other", "echo", { with: { value: 2 } })] },
        },
        {
          id: "guarded",
          uses: "try",
          steps: [work("bad", "fails")],
          catch: [{ errors: ["user.*"], output: "${{ error.message }}" }],
          finally: [work("clean", "echo", { with: { value: "clean" } })],
        },
      ],
      output: {
        loop: "${{ steps.loop.output }}",
        both: "${{ steps.both.output }}",
        which: "${{ steps.which.output }}",
        guarded: "${{ steps.guarded.output }}",
      },
    }),
  );
  expect(run).toMatchObject({ status: "succeeded", error: null });
  expect(run.output).toMatchObject({
    both: { left: "L", right: "R" },
    which: 1,
    guarded: "broken",
  });
  const { steps } = await driven(bench.clock, bench.engine.state(context, run.id));
  expect(steps.find(({ path }) => path === "loop@1.inc")).toMatchObject({ output: 4, inner: true });
  expect(bench.logs).toEqual([]);
});

test("a failing step is tried again under the same key; when it gives up the run fails with it", async () => {
  let calls = 0;
  await using bench = await openBench({
    work: {
      flaky: async () => {
        if (++calls % 3 !== 0) throw new Error(`call ${calls}`);
        return calls;
      },
    },
  });
  const retry = (attempts: number) => ({ retry: { attempts, initial: "1s", backoff: "constant" } });
  const good = await bench.run(workflow("flaky", { steps: [work("a", "flaky", retry(3))] }));
  expect(good).toMatchObject({ status: "succeeded", output: 3 });
  expect(new Set(bench.attempts.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  expect(bench.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);

  const bad = await bench.run(workflow("flaky", { steps: [work("a", "flaky", retry(2))] }));
  expect(bad).toMatchObject({ status: "failed", error: { message: "call 5", path: "a" } });
});

test("an attempt that takes too long times out, is told to stop, and its result is late", async () => {
  const stopped: boolean[] = [];
  await using bench = await openBench({
    work: {
      slow: (_request, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => stopped.push(true));
          bench.clock.after(60_000, () => resolve("late"));
        }),
    },
  });
  const run = await bench.run(
    workflow("slow", {
      steps: [work("a", "slow", { timeout: "1s", onError: { fallback: "gone" } })],
    }),
  );
  expect(run).toMatchObject({ status: "succeeded", output: "gone" });
  expect(stopped).toEqual([true]);
});

test("waits: a timer, a signal that came early, one that comes later, an approval", async () => {
  await using bench = await openBench();
  const definition = workflow("waits", {
    steps: [
      { id: "nap", uses: "wait.for", with: { duration: "2h" } },
      { id: "early", uses: "wait.signal", with: { name: "go" } },
      { id: "late", uses: "wait.signal", with: { name: "go" } },
      { id: "ask", uses: "wait.approval", with: { title: "Really?", assignees: ["ann"] } },
    ],
    output: {
      early: "${{ steps.early.output }}",
      late: "${{ steps.late.output }}",
      ask: "${{ steps.ask.output.approved }}",
    },
  });
  const { engine, clock } = bench;
  const { run } = await driven(clock, engine.start(context, { workflow: definition }));
  const first = { name: "go", payload: 1, id: "s1" };
  await driven(clock, engine.signal(context, run.id, first));
  expect(await driven(clock, engine.signal(context, run.id, first))).toEqual({
    applied: false,
    id: "s1",
  });
  expect(await driven(clock, engine.get(context, run.id))).toMatchObject({ status: "waiting" });
  await bench.settle(run.id);
  expect(await driven(clock, engine.explain(context, run.id))).toMatchObject({
    sentence: expect.stringContaining('waits for signal "go"'),
    waits: [{ frees: expect.stringContaining(`\`lockstitch step complete ${run.id} `) }],
  });
  await driven(clock, engine.signal(context, run.id, { name: "go", payload: 2 }));
  await bench.settle(run.id);
  const [approval] = await driven(clock, engine.approvals(context));
  expect(approval).toMatchObject({
    runId: run.id,
    path: "ask",
    title: "Really?",
    assignees: ["ann"],
  });
  await expect(
    driven(clock, engine.decideApproval(context, run.id, "nap", { approved: true })),
  ).rejects.toMatchObject({ code: "not_waiting" });
  await driven(clock, engine.decideApproval(context, run.id, "ask", { approved: true }));
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded" });
  expect((await bench.settle(run.id)).output).toMatchObject({ ask: true });
  expect(await engine.approvals(context)).toEqual([]);
  await expect(driven(clock, engine.signal(context, run.id, { name: "go" }))).rejects.toMatchObject(
    { code: "run_terminal" },
  );
});

test("a run with very many events says everywhere that it should hand over, and the log once", async () => {
  await using bench = await openBench({
    work: { one: async () => 1 },
    limits: { eventsWarned: 50 },
  });
  const { clock, engine } = bench;
  const long = workflow("long", {
    steps: [
      { id: "early", uses: "wait.signal", with: { name: "go" } },
      {
        id: "all",
        uses: "for_each",
        with: { items: { range: { start: 0, end: 20 } } },
        steps: [work("x", "one")],
      },
      { id: "late", uses: "wait.signal", with: { name: "go" } },
    ],
  });
  const { run } = await driven(clock, engine.start(context, { workflow: long }));
  await clock.settle();
  const warnings = async () => {
    const seen = [
      (await driven(clock, engine.get(context, run.id)))?.warnings,
      (await driven(clock, engine.explain(context, run.id))).warnings,
      (await driven(clock, engine.progress(context, run.id))).warnings,
    ];
    return seen.map((texts) => texts?.length);
  };
  const logged = () => bench.logs.filter(({ message }) => message.includes("workflow.continue"));
  expect(await warnings()).toEqual([0, 0, 0]);
  await driven(clock, engine.signal(context, run.id, { name: "go" }));
  await clock.runUntilIdle();
  expect(await warnings()).toEqual([1, 1, 1]);
  expect(await driven(clock, engine.signal(context, run.id, { name: "go" }))).toMatchObject({
    applied: true,
  });
  await clock.runUntilIdle();
  expect(await warnings()).toEqual([1, 1, 1]);
  expect(logged()).toMatchObject([{ level: "warn", fields: { run: run.id, workflow: "long" } }]);
});
