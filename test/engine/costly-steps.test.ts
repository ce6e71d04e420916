/** `cost: high`, and a pause: a checkpoint is durable before the step runs, and while nothing does. */
import { expect, test } from "vitest";
import { context, driven, openBench, work, workflow } from "./engine-fixture.ts";

test("a checkpoint is saved before a step of high cost runs, and only then", async () => {
  const seen: Record<string, number> = {};
  await using bench = await openBench({
    work: {
      look: async ({ runId, path }) => {
        const { journal } = bench.store;
        const [newest] = await journal.checkpoints(context, runId, () => {});
        seen[path] = newest?.seq ?? 0;
        return path;
      },
    },
  });
  const run = await bench.run(
    workflow("costly", {
      steps: [
        work("cheap", "look"),
        work("dear", "look", { cost: "high" }),
        work("after", "look", { cost: "low" }),
      ],
    }),
  );
  expect(run).toMatchObject({ status: "succeeded" });
  const events = await driven(bench.clock, bench.engine.events(context, run.id, 0, 100));
  const scheduled = events.find(({ type, path }) => type === "step.scheduled" && path === "dear");
  expect(scheduled?.event).toMatchObject({ cost: "high" });
  expect(seen["cheap"]).toBe(0);
  expect(seen["dear"]).toBeGreaterThanOrEqual(scheduled?.seq ?? Number.NaN);
  expect(seen["after"]).toBe(seen["dear"]);
});

test("defaults say it for every step, and the run is restored from there", async () => {
  let isHeld = true;
  await using bench = await openBench({
    work: {
      once: async ({ config }) => {
        if (isHeld && (config as { last?: boolean }).last) return new Promise(() => {});
        return 1;
      },
    },
  });
  const definition = workflow("dear", {
    defaults: { cost: "high" },
    steps: [work("a", "once"), work("b", "once", { with: { last: true } })],
    output: "${{ steps.a.output + steps.b.output }}",
  });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.settle();
  expect(await bench.store.journal.checkpoints(context, run.id, () => {})).toHaveLength(2);
  isHeld = false;
  await bench.crash();
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded", output: 2 });
});

test("a pause saves a checkpoint, from which the run is restored", async () => {
  await using bench = await openBench({ work: { one: async () => 1 } });
  const { clock } = bench;
  const definition = workflow("paused", {
    steps: [work("a", "one"), { id: "go", uses: "wait.signal", with: { name: "go" } }],
    output: "${{ steps.a.output }}",
  });
  const { run } = await driven(clock, bench.engine.start(context, { workflow: definition }));
  await clock.runUntilIdle();
  const saved = () => bench.store.journal.checkpoints(context, run.id, () => {});
  expect(await saved()).toEqual([]);
  const { seq } = await driven(clock, bench.engine.pause(context, run.id));
  expect((await saved()).map((checkpoint) => checkpoint.seq)).toEqual([seq]);
  await bench.crash();
  await driven(clock, bench.engine.signal(context, run.id, { name: "go" }));
  await driven(clock, bench.engine.resume(context, run.id));
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded", output: 1 });
});
