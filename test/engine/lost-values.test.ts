/** What is too large to stand in its event: read back whole after a restart, and lost honestly. */
import { expect, test } from "vitest";
import type { Bench } from "./engine-fixture.ts";
import { context, driven, openBench, work, workflow } from "./engine-fixture.ts";

function startId(bench: Bench, definition: ReturnType<typeof workflow>, input: unknown) {
  return driven(
    bench.clock,
    bench.engine.start(context, { workflow: definition, input: input as never }),
  ).then(({ run }) => run.id);
}

/** Damages every blob that a field of the run's events was moved to. */
async function corruptBlobs(bench: Bench, runId: string, field: string): Promise<number> {
  const turns = await driven(bench.clock, bench.store.journal.turns(context, runId, 0, 10_000));
  let count = 0;
  for (const turn of turns)
    for (const event of JSON.parse(turn.events) as Record<string, { readonly hash: string }>[]) {
      const link = event[`${field}Blob`];
      if (link === undefined) continue;
      bench.disk.data.corruptBlob(link.hash);
      count++;
    }
  return count;
}

const MANY_FAILURES = workflow("many-failures", {
  steps: [
    {
      id: "all",
      uses: "for_each",
      with: {
        items: { range: { start: 0, end: 1_000 } },
        concurrency: 50,
        onItemError: "continue",
      },
      steps: [work("boom", "boom", { with: { at: "${{ item }}" } })],
    },
    { id: "gate", needs: ["all"], uses: "wait.signal", with: { name: "go" } },
    {
      id: "count",
      needs: ["gate"],
      uses: "data.set",
      with: { value: "${{ steps.all.output.failed.length }}" },
    },
  ],
});

test("failures of a for_each that fill a blob are all there after a restart", async () => {
  await using bench = await openBench({
    work: {
      boom: async ({ config }) => {
        throw Object.assign(new Error(`item ${(config as { at: number }).at} ${"x".repeat(200)}`), {
          retryable: false,
        });
      },
    },
  });
  const id = await startId(bench, MANY_FAILURES, {});
  await bench.settle(id);
  await bench.crash();
  await driven(bench.clock, bench.engine.signal(context, id, { name: "go" }));
  const run = await bench.settle(id);
  expect(run.output).toBe(1_000);
});

const ITEMS = workflow("items", {
  steps: [
    {
      id: "all",
      uses: "for_each",
      with: { items: "${{ input.items }}", concurrency: 1 },
      steps: [
        { id: "gate", uses: "wait.signal", with: { name: "go" } },
        { id: "x", needs: ["gate"], uses: "data.set", with: { value: "${{ item.length }}" } },
      ],
    },
  ],
});

test("items whose blob is lost fail the step with blob_missing, and the run is not parked", async () => {
  await using bench = await openBench();
  const id = await startId(bench, ITEMS, { items: ["a".repeat(70_000), "b".repeat(70_000)] });
  await bench.settle(id);
  expect(await corruptBlobs(bench, id, "values")).toBe(1);
  await bench.crash();
  for (let item = 0; item < 2; item++) {
    await driven(bench.clock, bench.engine.signal(context, id, { name: "go" }));
    await bench.settle(id);
  }
  const run = await bench.settle(id);
  expect(run.status).toBe("failed");
  expect(run.error?.code).toBe("blob_missing");
});

const LOOP = workflow("loop", {
  steps: [
    {
      id: "loop",
      uses: "while",
      with: {
        condition: "${{ index < 3 }}",
        carry: { text: "${{ input.text }}", n: 0 },
        maxIterations: 10,
      },
      update: { text: "${{ carry.text + 'x' }}", n: "${{ carry.n + 1 }}" },
      steps: [{ id: "gate", uses: "wait.signal", with: { name: "go" } }],
    },
  ],
});

test("carried values whose blob is lost fail the loop with blob_missing, never give older ones", async () => {
  await using bench = await openBench();
  const id = await startId(bench, LOOP, { text: "t".repeat(70_000) });
  await bench.settle(id);
  await driven(bench.clock, bench.engine.signal(context, id, { name: "go" }));
  await bench.settle(id);
  // Of the pass that has closed; the first carry is a blob of its own.
  const turns = await driven(bench.clock, bench.store.journal.turns(context, id, 0, 1_000));
  const events = turns.flatMap((turn) => JSON.parse(turn.events)) as {
    type: string;
    carryBlob?: { hash: string };
  }[];
  const closed = events.find(({ type, carryBlob }) => type === "scope.closed" && carryBlob);
  bench.disk.data.corruptBlob(closed?.carryBlob?.hash ?? "");
  await bench.crash();
  for (let pass = 0; pass < 3; pass++) {
    await driven(bench.clock, bench.engine.signal(context, id, { name: "go" })).catch(() => {});
    await bench.settle(id);
  }
  const run = await bench.settle(id);
  expect(run.status).toBe("failed");
  expect(run.error?.code).toBe("blob_missing");
});

test("a large output is put together again after a restart without reading a turn twice", async () => {
  await using bench = await openBench({
    work: {
      big: async ({ config }) => ({ at: (config as { at: number }).at, text: "x".repeat(400) }),
    },
  });
  const definition = workflow("large", {
    steps: [
      {
        id: "all",
        uses: "for_each",
        with: { items: { range: { start: 0, end: 1_500 } }, concurrency: 200 },
        steps: [work("w", "big", { with: { at: "${{ item }}" } })],
      },
      { id: "gate", needs: ["all"], uses: "wait.signal", with: { name: "go" } },
      {
        id: "sum",
        needs: ["gate"],
        uses: "data.set",
        with: { value: "${{ steps.all.output.results.map(r => r.at) }}" },
      },
    ],
  });
  const id = await startId(bench, definition, {});
  await bench.settle(id);
  await bench.crash();
  const { journal } = bench.store;
  const read = new Map<number, number>();
  const turnAt = journal.turnAt.bind(journal);
  Object.assign(journal, {
    turnAt: async (...call: Parameters<typeof turnAt>) => {
      const turn = await turnAt(...call);
      if (turn !== null) read.set(turn.firstSeq, (read.get(turn.firstSeq) ?? 0) + 1);
      return turn;
    },
  });
  await driven(bench.clock, bench.engine.signal(context, id, { name: "go" }));
  const run = await bench.settle(id);
  expect(run.output).toEqual(Array.from({ length: 1_500 }, (_, at) => at));
  expect(read.size).toBeGreaterThan(3);
  // Once for the chunk of results, once on the way through the items.
  expect(Math.max(...read.values())).toBeLessThanOrEqual(3);
});

test("a wait whose configuration is lost fails with blob_missing once its signal comes", async () => {
  await using bench = await openBench();
  const names = Array.from({ length: 9_000 }, (_, at) => `value${at}`);
  const definition = workflow("picky", {
    steps: [{ id: "w", uses: "wait.signal", with: { name: "go", schema: { enum: names } } }],
  });
  const id = await startId(bench, definition, {});
  await bench.settle(id);
  expect(await corruptBlobs(bench, id, "input")).toBe(1);
  await bench.crash();
  const signal = { name: "go", payload: "value5" };
  expect((await driven(bench.clock, bench.engine.signal(context, id, signal))).applied).toBe(true);
  const run = await bench.settle(id);
  expect({ status: run.status, code: run.error?.code }).toEqual({
    status: "failed",
    code: "blob_missing",
  });
});

test("a rerun of a run whose input is lost is refused, and takes another one", async () => {
  await using bench = await openBench();
  const definition = workflow("takes", {
    steps: [{ id: "a", uses: "data.set", with: { value: "${{ input.text.length }}" } }],
  });
  const id = await startId(bench, definition, { text: "x".repeat(100_000) });
  await bench.settle(id);
  expect(await corruptBlobs(bench, id, "input")).toBe(1);
  await bench.crash();
  await expect(driven(bench.clock, bench.engine.rerun(context, id, {}))).rejects.toMatchObject({
    ...{ code: "store_corrupt", message: expect.stringContaining("give another one") },
  });
  const again = await driven(
    bench.clock,
    bench.engine.rerun(context, id, { input: { text: "y" } }),
  );
  expect(await bench.settle(again.id)).toMatchObject({ status: "succeeded", output: 1 });
});
