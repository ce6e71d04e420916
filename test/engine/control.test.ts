/** The embedded engine end to end on simulated time: what people, parents and limits do to runs. */
import { expect, test } from "vitest";
import type { Json } from "#workflow/json.ts";
import { context, driven, openBench, type Work, work, workflow } from "./engine-fixture.ts";

const echo: Work = async ({ config }) => (config as { value?: Json }).value ?? null;

function later(ms: number, clock: () => { after(ms: number, wake: () => void): unknown }): Work {
  return ({ config }, signal) =>
    new Promise((resolve, reject) => {
      clock().after(ms, () => resolve((config as { value?: Json }).value ?? null));
      signal.addEventListener("abort", () =>
        reject(Object.assign(new Error("stopped"), { code: "aborted", retryable: false })),
      );
    });
}

test("cancel stops what runs, runs finally, and is idempotent; terminate ends at once", async () => {
  await using bench = await openBench({
    work: { forever: (r, s) => later(1e12, () => bench.clock)(r, s), echo },
  });
  const definition = workflow("endless", {
    steps: [work("a", "forever")],
    finally: [work("clean", "echo")],
  });
  const { engine, clock } = bench;
  const started = await driven(clock, engine.start(context, { workflow: definition }));
  await clock.settle();
  await driven(clock, engine.cancel(context, started.run.id, "enough"));
  await clock.advanceBy(1);
  const ended = await driven(clock, engine.get(context, started.run.id));
  expect(ended).toMatchObject({ status: "cancelled" });
  expect(bench.attempts.map(({ path }) => path)).toEqual(["a", "finally.clean"]);
  await expect(driven(clock, engine.cancel(context, started.run.id))).rejects.toMatchObject({
    code: "run_terminal",
  });

  const second = await driven(clock, engine.start(context, { workflow: definition }));
  expect(await driven(clock, engine.terminate(context, second.run.id))).toMatchObject({
    status: "cancelled",
  });
  await expect(driven(clock, engine.pause(context, "nobody"))).rejects.toMatchObject({
    code: "run_not_found",
  });
});

test("an attempt that does not stop is abandoned after its grace", async () => {
  await using bench = await openBench({
    work: { deaf: () => new Promise((resolve) => void bench.clock.after(1e7, () => resolve(1))) },
  });
  const { engine, clock } = bench;
  const { run } = await driven(
    clock,
    engine.start(context, { workflow: workflow("deaf", { steps: [work("a", "deaf")] }) }),
  );
  await clock.settle();
  await driven(clock, engine.cancel(context, run.id));
  await clock.advanceBy(4_999);
  expect(await driven(clock, engine.explain(context, run.id))).toMatchObject({
    sentence: expect.stringContaining("told to stop"),
  });
  await clock.advanceBy(2);
  expect(await driven(clock, engine.get(context, run.id))).toMatchObject({ status: "cancelled" });
});

test("while paused what runs finishes and nothing begins; resume goes on", async () => {
  await using bench = await openBench({
    work: { slow: (r, s) => later(50, () => bench.clock)(r, s) },
  });
  const { engine, clock } = bench;
  const { run } = await driven(
    clock,
    engine.start(context, {
      workflow: workflow("pausing", { steps: [work("a", "slow"), work("b", "slow")] }),
    }),
  );
  await clock.settle();
  expect(await driven(clock, engine.pause(context, run.id, "lunch"))).toMatchObject({
    status: "paused",
  });
  await clock.advanceBy(1_000);
  expect(bench.attempts.map(({ path }) => path)).toEqual(["a"]);
  const paused = await driven(clock, engine.explain(context, run.id));
  expect(paused.status).toBe("paused");
  expect(paused.sentence).toMatch(
    new RegExp(`^The run is paused since .* UTC by ${context.principal}: lunch\\.$`),
  );
  await driven(clock, engine.resume(context, run.id));
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded" });
});

test("children: output and failure travel up, a missing workflow is named, cancel travels down", async () => {
  await using bench = await openBench({
    work: { echo, forever: (r, s) => later(1e12, () => bench.clock)(r, s) },
  });
  const { engine, clock } = bench;
  const save = (definition: Parameters<typeof engine.saveWorkflow>[1]) =>
    driven(clock, engine.saveWorkflow(context, definition));
  await save(
    workflow("child", { steps: [work("c", "echo", { with: { value: "${{ input.n * 2 }}" } })] }),
  );
  await save(workflow("endless", { steps: [work("a", "forever")] }));
  const parent = (name: string, child: string, more = {}) =>
    workflow(name, {
      steps: [
        { id: "sub", uses: "workflow.run", with: { workflow: child, input: { n: 21 }, ...more } },
      ],
    });
  const good = await bench.run(parent("good", "child"));
  expect(good).toMatchObject({ status: "succeeded", output: 42 });
  const { items } = await driven(clock, engine.list(context, { parentRunId: good.id, limit: 5 }));
  expect(items).toMatchObject([{ workflow: "child", status: "succeeded", parentRunId: good.id }]);

  const missing = await bench.run(parent("missing", "nobody"));
  expect(missing).toMatchObject({ status: "failed", error: { code: "child_not_started" } });

  const { run } = await driven(
    clock,
    engine.start(context, { workflow: parent("waits", "endless") }),
  );
  await clock.settle();
  await driven(clock, engine.cancel(context, run.id));
  await clock.advanceBy(10_000);
  expect(await driven(clock, engine.get(context, run.id))).toMatchObject({ status: "cancelled" });
  const children = await driven(clock, engine.list(context, { parentRunId: run.id, limit: 5 }));
  expect(children.items).toMatchObject([{ status: "cancelled" }]);
  expect(await bench.store.journal.messages(10)).toEqual([]);
});

test("a step's concurrency key is exact; a run's key queues, rejects or displaces", async () => {
  let now = 0;
  let most = 0;
  await using bench = await openBench({
    work: {
      one: async () => {
        most = Math.max(most, ++now);
        await new Promise<void>((resolve) => void bench.clock.after(10, resolve));
        now--;
      },
      forever: (r, s) => later(1e12, () => bench.clock)(r, s),
    },
  });
  const { engine, clock } = bench;
  const keyed = workflow("keyed", {
    steps: [work("a", "one", { concurrency: { key: "'db'", limit: 2 } })],
  });
  const runs = await Promise.all(
    Array.from({ length: 6 }, () => driven(clock, engine.start(context, { workflow: keyed }))),
  );
  await clock.advanceBy(100);
  for (const { run } of runs)
    expect(await driven(clock, engine.get(context, run.id))).toMatchObject({ status: "succeeded" });
  expect(most).toBe(2);

  const exclusive = (name: string, whenFull: string) =>
    workflow(name, {
      concurrency: { key: "'k'", limit: 1, whenFull },
      steps: [work("a", "forever")],
    });
  const start = (definition: ReturnType<typeof workflow>) =>
    driven(clock, engine.start(context, { workflow: definition }));
  const first = await start(exclusive("queues", "queue"));
  const second = await start(exclusive("queues", "queue"));
  expect(second.run.status).toBe("queued");
  expect((await driven(clock, engine.explain(context, second.run.id))).sentence).toContain(
    "0 ahead",
  );
  await driven(clock, engine.terminate(context, first.run.id));
  await clock.settle();
  expect(await driven(clock, engine.get(context, second.run.id))).toMatchObject({
    status: "running",
  });

  await start(exclusive("rejects", "reject"));
  await expect(start(exclusive("rejects", "reject"))).rejects.toMatchObject({ code: "queue_full" });

  const old = await start(exclusive("displaces", "cancelRunning"));
  const young = await start(exclusive("displaces", "cancelRunning"));
  await clock.advanceBy(10);
  expect(await driven(clock, engine.get(context, old.run.id))).toMatchObject({
    status: "cancelled",
  });
  expect(await driven(clock, engine.get(context, young.run.id))).toMatchObject({
    status: "running",
  });
});

test("labels of an open run change with who and why, filter approvals, and have a limit", async () => {
  await using bench = await openBench({ limits: { labelsMax: 2 } });
  const { clock, engine } = bench;
  const definition = workflow("labelled", {
    steps: [{ id: "ok", uses: "wait.approval", with: { title: "ok?" } }],
  });
  const start = { workflow: definition, labels: { team: "red", size: "xl" } };
  const { run } = await driven(clock, engine.start(context, start));
  await clock.settle();
  const label = (change: Parameters<typeof engine.label>[2]) =>
    driven(clock, engine.label(context, run.id, change));
  const change = { set: { team: "blue" }, remove: ["size"], reason: "moved" };
  expect((await label(change)).labels).toEqual({ team: "blue" });
  await label(change);
  const events = await driven(clock, engine.events(context, run.id, 0, 100));
  expect(events.filter(({ type }) => type === "run.labelled").map(({ event }) => event)).toEqual([
    { type: "run.labelled", labels: { team: "blue" }, by: "local", reason: "moved" },
  ]);
  const waiting = async (labels: Readonly<Record<string, string>>) =>
    (await driven(clock, engine.approvals(context, { labels }))).length;
  expect([await waiting({ team: "blue" }), await waiting({ team: "red" })]).toEqual([1, 0]);
  const listed = await driven(clock, engine.list(context, { labels: { team: "blue" }, limit: 9 }));
  expect(listed.items.map(({ id }) => id)).toEqual([run.id]);
  await expect(label({ set: { a: "1", b: "2" } })).rejects.toMatchObject({ code: "input_invalid" });
  await expect(label({ set: { a: "x".repeat(300) } })).rejects.toMatchObject({
    code: "request_invalid",
  });
  await driven(clock, engine.cancel(context, run.id));
  await clock.settle();
  await expect(label({ remove: ["team"] })).rejects.toMatchObject({ code: "run_terminal" });
});
