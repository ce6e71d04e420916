/** The store cannot be read for a while, or the engine closes meanwhile: what had to be read is read later. */
import { expect, test } from "vitest";
import { type Bench, context, driven, openBench, work, workflow } from "./engine-fixture.ts";

/** Larger than what stands in a state, so that it must be read. */
const LARGE = "l".repeat(1_000);

/** Starts run `id`; who reads it at once may be told that the store is away. */
async function start(bench: Bench, definition: ReturnType<typeof workflow>, input: unknown = {}) {
  const request = { workflow: definition, id: "run", input: input as never };
  await driven(bench.clock, bench.engine.start(context, request)).catch(() => {});
}

async function waits(bench: Bench) {
  return (await driven(bench.clock, bench.engine.explain(context, "run"))).waits;
}

test("an attempt whose values cannot be read waits for the store", async () => {
  let isAway = false;
  let refused = 0;
  await using bench = await openBench({
    work: { say: async ({ config }) => (config as { text: string }).text.length },
    faults: {
      onRead: (operation) => {
        if (!isAway || operation !== "turnAt") return 0;
        refused++;
        return "unavailable";
      },
    },
    limits: { cacheSizeMax: 1 },
  });
  const definition = workflow("reads", {
    steps: [work("say", "say", { with: { text: "${{ input.text }}" } })],
  });
  isAway = true;
  await start(bench, definition, { text: LARGE });
  await bench.clock.advanceBy(20_000);
  expect(refused).toBeGreaterThan(2);
  expect(await waits(bench)).toMatchObject([
    { path: "say", kind: "store", text: '"say" waits for the store, which does not answer' },
  ]);
  isAway = false;
  const run = await bench.settle("run");
  expect(run).toMatchObject({ status: "succeeded", output: LARGE.length, error: null });
  const told = bench.logs.filter(({ fields }) => fields["what"] === "values of attempts");
  expect(told.map(({ level }) => level)).toEqual(["warn", "info"]);
});

test("an attempt that waits for the store ends when it is told to stop", async () => {
  let isAway = false;
  await using bench = await openBench({
    work: { say: async () => null },
    faults: {
      onRead: (operation) => (isAway && operation === "turnAt" ? "unavailable" : 0),
    },
    limits: { cacheSizeMax: 1 },
  });
  const definition = workflow("reads", {
    steps: [work("say", "say", { with: { text: "${{ input.text }}" } })],
  });
  isAway = true;
  await start(bench, definition, { text: LARGE });
  await bench.clock.advanceBy(10_000);
  await driven(bench.clock, bench.engine.cancel(context, "run")).catch(() => {});
  const cancelledAtMs = bench.clock.nowMs();
  await bench.clock.advanceBy(10_000);
  isAway = false;
  const run = await bench.settle("run");
  expect(run.status).toBe("cancelled");
  // At the next look, not only when its grace has passed; the store has not answered.
  expect((run.endedAtMs ?? 0) - cancelledAtMs).toBeLessThanOrEqual(1_000);
  const told = bench.logs.filter(({ fields }) => fields["what"] === "values of attempts");
  expect(told.map(({ level }) => level)).toEqual(["warn"]);
  expect(bench.attempts).toEqual([]);
});

test("calls that come while the engine closes are answered, two to one run as well", async () => {
  let headMs = 0;
  await using bench = await openBench({
    faults: {
      // Each a little later than the one before.
      onRead: (operation) => {
        if (operation !== "head" || headMs === 0) return 0;
        headMs += 50;
        return headMs;
      },
      onCommit: ({ turns }) => ({
        kind: "none",
        delayMs: turns.some(({ runId }) => runId === "slow") ? 5_000 : 0,
      }),
    },
    limits: { loadedRunsMax: 0 },
  });
  const definition = workflow("waits", {
    steps: [{ id: "gate", uses: "wait.signal", with: { name: "go" } }],
  });
  await start(bench, definition);
  const slow = bench.engine.start(context, { workflow: definition, id: "slow" });
  slow.catch(() => {});
  await bench.clock.settle();
  headMs = 100;
  const codes = ["a", "b"].map((signal) =>
    bench.engine.signal(context, "run", { name: "go", id: signal }).then(
      () => null,
      (error: { readonly code?: string }) => error.code ?? null,
    ),
  );
  await bench.clock.settle();
  const closing = bench.engine.close(0);
  expect(await driven(bench.clock, Promise.all(codes))).toEqual(["shutting_down", "shutting_down"]);
  await driven(bench.clock, closing);
});
