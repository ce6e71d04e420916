/**
 * Random crashes and refused commits over runs that use every scope: whatever happens, each run
 * ends as it would have without, no step has two outcomes, and repeats carry the same key.
 * `CRASH_SEEDS=n` runs more seeds, `CRASH_FROM=seed` begins there; a failing one is named in the
 * test's title.
 */
import { expect, test } from "vitest";
import type { AttemptRequest } from "#engine/embedded/options.ts";
import type { CommitFault } from "../simulation/simulated-store.ts";
import { type Bench, context, driven, openBench, work, workflow } from "./engine-fixture.ts";

const SEEDS = Number(process.env["CRASH_SEEDS"] ?? 40);
const FROM = Number(process.env["CRASH_FROM"] ?? 1);

/** A small generator (mulberry32): the same numbers for the same seed, everywhere. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const CHILD = workflow("child", {
  steps: [work("c", "slow", { with: { value: "${{ input.n + 1 }}" } })],
});

const PARENT = workflow("parent", {
  steps: [
    work("first", "slow", { with: { value: "${{ input.n }}" } }),
    {
      id: "all",
      uses: "for_each",
      with: { items: "${{ input.items }}", concurrency: 2 },
      steps: [
        work("x", "slow", { with: { value: "${{ item }}" } }),
        work("y", "flaky", {
          with: { value: "${{ steps.x.output * 2 }}" },
          retry: { attempts: 5, initial: "1s" },
        }),
      ],
      output: "${{ steps.y.output }}",
    },
    {
      id: "both",
      uses: "parallel",
      branches: {
        nap: { steps: [{ id: "n", uses: "wait.for", with: { duration: "5s" } }] },
        sub: {
          steps: [{ id: "s", uses: "workflow.run", with: { workflow: "child", input: { n: 41 } } }],
        },
      },
    },
    { id: "go", uses: "wait.signal", with: { name: "go" } },
    {
      id: "loop",
      uses: "while",
      with: { condition: "carry.n < 3", maxIterations: 9, carry: { n: 0 } },
      steps: [work("inc", "slow", { with: { value: "${{ carry.n + 1 }}" } })],
      update: { n: "${{ steps.inc.output }}" },
    },
    {
      id: "sum",
      uses: "data.reduce",
      with: { items: "${{ steps.all.output.results }}", initial: 0, reduce: "(a, b) => a + b" },
    },
  ],
  finally: [work("clean", "slow", { with: { value: "clean" } })],
  output: "${{ [steps.sum.output, steps.both.output.sub, steps.first.output.length] }}",
});

async function play(bench: Bench, random: () => number): Promise<string[]> {
  const { clock } = bench;
  const attempt = async <Value>(call: () => Promise<Value>): Promise<Value> => {
    for (;;) {
      try {
        return await driven(clock, call());
      } catch (error) {
        if ((error as { code?: string }).code !== "store_unavailable") throw error;
        await clock.advanceBy(100);
      }
    }
  };
  await attempt(() => bench.engine.saveWorkflow(context, CHILD));
  await attempt(() => bench.engine.saveWorkflow(context, PARENT));
  const ids = ["one", "two", "three"];
  const input = { n: "z".repeat(100_000), items: [1, 2, 3, 4, 5] };
  for (const id of ids)
    await attempt(() => bench.engine.start(context, { workflow: "parent", id, input }));
  for (let crash = 0; crash < 8; crash++) {
    // Three crashes in a row without an end would be host_lost: every second one comes late.
    if (crash % 2 === 1) await clock.advanceBy(500);
    const wakes = Math.floor(random() * 30);
    for (let wake = 0; wake < wakes; wake++) {
      clock.wakeNext();
      // Sometimes the next wake comes before everything has settled.
      if (random() < 0.7) await clock.settle();
      else for (let tick = Math.floor(random() * 20); tick > 0; tick--) await Promise.resolve();
    }
    if (crash === 4)
      for (const id of ids)
        await attempt(() => bench.engine.signal(context, id, { name: "go", id: `go-${id}` }));
    await bench.crash();
  }
  return ids;
}

/** Seeds that failed once: a message lost to a host that was unloaded, and calls refused for ever. */
const PINNED = [258, 634];
const seeds = new Set([...PINNED, ...Array.from({ length: SEEDS }, (_, index) => FROM + index)]);

test.each([...seeds])("seed %i", async (seed) => {
  const random = randomOf(seed);
  let isCalm = false;
  const fault = (): CommitFault => {
    const dice = isCalm ? 1 : random();
    const delayMs = Math.floor(random() * 20);
    if (dice < 0.03) return { kind: "unavailable", delayMs };
    if (dice < 0.06) return { kind: "unknown", isCommitted: random() < 0.5, delayMs };
    return { kind: "none", delayMs };
  };
  await using bench = await openBench({
    limits: { checkpointEvents: 20, loadedRunsMax: 2, attemptsMax: 4 },
    faults: { onCommit: fault, onRead: () => Math.floor(random() * 3) },
    work: {
      slow: async ({ config }) => {
        await new Promise<void>((resolve) => void bench.clock.after(random() * 50, resolve));
        return (config as { value: unknown }).value;
      },
      flaky: async ({ config, attempt }: AttemptRequest) => {
        if (attempt === 1) throw new Error("the first attempt fails");
        return (config as { value: unknown }).value;
      },
    },
  });
  const ids = await play(bench, random);
  isCalm = true;
  for (const id of ids) {
    const run = await bench.settle(id);
    expect(run).toMatchObject({ status: "succeeded", error: null });
    expect(run.output).toEqual([30, 42, 100_000]);
    const events = await driven(bench.clock, bench.engine.events(context, id, 0, 100_000));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const ends = events.filter(({ type }) => type === "step.succeeded" || type === "step.failed");
    expect(new Set(ends.map(({ path }) => path)).size).toBe(ends.length);
  }
  const keys = new Map<string, string>();
  for (const { runId, path, idempotencyKey } of bench.attempts) {
    const name = `${runId} ${path}`;
    expect(keys.get(name) ?? idempotencyKey).toBe(idempotencyKey);
    keys.set(name, idempotencyKey);
  }
  expect(await driven(bench.clock, bench.store.journal.messages(10))).toEqual([]);
  expect(bench.engine.stats().openRuns).toBe(0);
  const faults = bench.logs.filter(({ level }) => level === "error");
  expect(faults).toEqual([]);
});
