/**
 * Steps that work on named values, on the embedded engine: each is applied once, in the commit that
 * settles it, whatever crashes, is refused or comes in between; and steps of many runs at once each
 * see what the one before has made.
 */
import { expect, test } from "vitest";
import type { EventView } from "#engine/engine.ts";
import type { CommitFault } from "../simulation/simulated-store.ts";
import { type Bench, context, driven, openBench, workflow } from "./engine-fixture.ts";

const counter = (id: string, scope: string, more: Record<string, unknown> = {}) => ({
  ...{ id, uses: "state.counter", with: { name: "n", scope, ...more } },
});
const count = (name: string, scope: string) =>
  workflow(name, {
    steps: [counter("add", scope)],
    output: "${{ steps.add.output.value }}",
  });

async function startAll(bench: Bench, runs: number, scope: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let index = 0; index < runs; index++) {
    const request = { workflow: count(`w${index % 3}`, scope), id: `r${index}` };
    const { run } = await driven(bench.clock, bench.engine.start(context, request));
    ids.push(run.id);
  }
  return ids;
}

async function eventsOf(bench: Bench, runId: string): Promise<readonly EventView[]> {
  return driven(bench.clock, bench.engine.events(context, runId, 0, 1_000));
}

async function outputs(bench: Bench, ids: readonly string[]): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (const id of ids) {
    const run = await bench.settle(id);
    expect(run.status, JSON.stringify(run)).toBe("succeeded");
    const used = (await eventsOf(bench, id)).filter(({ type }) => type === "state.applied");
    expect(used).toHaveLength(1);
    expect(used[0]?.event["value"]).toBe(run.output);
    all.push(run.output);
  }
  return all;
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const sorted = (values: readonly unknown[]) => [...values].sort((a, b) => Number(a) - Number(b));

async function sharedValue(bench: Bench, scope: "workflow" | "tenant", name = "n", of = "") {
  const found = await driven(
    bench.clock,
    bench.store.state.find(context, { scope, workflow: of, name }),
  );
  return found === null ? null : (JSON.parse(found.value) as unknown);
}

test("runs that count at once each get a number of their own", async () => {
  await using bench = await openBench();
  const ids = await startAll(bench, 100, "tenant");
  expect(sorted(await outputs(bench, ids))).toEqual(numbers(100));
  expect(await sharedValue(bench, "tenant")).toBe(100);
});

test("scope workflow counts for each workflow alone", async () => {
  await using bench = await openBench();
  const ids = await startAll(bench, 9, "workflow");
  expect(sorted(await outputs(bench, ids))).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
  expect(await sharedValue(bench, "workflow", "n", "w1")).toBe(3);
});

test("refused, unknown and fenced commits and crashes neither lose nor repeat a change", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    let dice = seed * 7919;
    const random = () => {
      dice = (dice * 1_103_515_245 + 12_345) % 2_147_483_648;
      return dice / 2_147_483_648;
    };
    let isCalm = false;
    const fault = (runId: string): CommitFault => {
      const delayMs = Math.floor(random() * 20);
      if (isCalm || random() < 0.5) return { kind: "none", delayMs };
      const kind = random();
      if (kind < 0.3) return { kind: "unavailable", delayMs };
      if (kind < 0.6) return { kind: "unknown", isCommitted: random() < 0.5, delayMs };
      if (kind < 0.8) return { kind: "none", delayMs: 500 };
      return { kind: "fenced", runIds: [runId], delayMs };
    };
    await using bench = await openBench({
      faults: {
        onCommit: ({ turns }) =>
          fault(turns[0]?.record?.firstSeq === 1 ? "" : (turns[0]?.runId ?? "")),
      },
      limits: { groupTurnsMax: 3 },
    });
    isCalm = true;
    const ids = await startAll(bench, 20, "tenant");
    isCalm = false;
    for (let crashes = 0; crashes < 2; crashes++) {
      await bench.clock.advanceBy(Math.floor(random() * 60));
      await bench.crash();
    }
    await bench.clock.advanceBy(2_000);
    isCalm = true;
    // A run that was fenced twice is parked until somebody calls.
    for (const id of ids) {
      const run = await bench.settle(id);
      if (run.status !== "succeeded")
        await driven(bench.clock, bench.engine.resume(context, id)).catch(() => null);
    }
    await bench.crash();
    expect(sorted(await outputs(bench, ids)), `seed ${seed}`).toEqual(numbers(20));
    expect(await sharedValue(bench, "tenant")).toBe(20);
  }
});

test("a change of an operator's in between is built on, and no turn is parked for it", async () => {
  let hold = false;
  let onHeld = () => {};
  await using bench = await openBench({
    faults: {
      onCommit: ({ turns }) => {
        if (!hold || !turns.some(({ shared }) => shared !== undefined)) return { kind: "none" };
        hold = false;
        onHeld();
        return { kind: "none", delayMs: 100 };
      },
    },
  });
  const [first] = await startAll(bench, 1, "tenant");
  expect(await outputs(bench, [first ?? ""])).toEqual([1]);
  hold = true;
  const { store } = bench;
  // It comes into the log before the commit that was decided before it.
  let changed: Promise<unknown> = Promise.resolve();
  onHeld = () => {
    const change = { scope: "tenant", workflow: "", name: "n", value: "40", reason: null } as const;
    changed = store.state.change(context, change);
  };
  const request = { workflow: count("w0", "tenant"), id: "late" };
  await driven(bench.clock, bench.engine.start(context, request));
  const run = await bench.settle("late");
  await driven(bench.clock, changed);
  expect([run.status, [2, 41]]).toEqual(["succeeded", expect.arrayContaining([run.output])]);
});

test("variables of a run: read by steps and expressions, counted by parallel steps", async () => {
  await using bench = await openBench();
  const run = await bench.run(
    workflow("own", {
      vars: { total: 10, gone: 1 },
      steps: [
        {
          id: "each",
          uses: "for_each",
          with: { items: [1, 2, 3, 4, 5], concurrency: 5 },
          steps: [
            {
              id: "add",
              uses: "state.accumulator",
              with: { name: "total", value: "${{ item }}" },
            },
          ],
        },
        {
          id: "long",
          uses: "state.variable",
          needs: ["each"],
          with: { name: "long", operation: "set", value: "x".repeat(1_000) },
        },
        {
          id: "more",
          uses: "state.accumulator",
          needs: ["long"],
          with: { name: "long", operation: "concat", value: "y" },
        },
        {
          id: "drop",
          uses: "state.variable",
          needs: ["long"],
          with: { name: "gone", operation: "delete" },
        },
        {
          id: "see",
          uses: "data.set",
          needs: ["more", "drop"],
          with: { value: "${{ vars?.gone ?? 'none' }}" },
        },
      ],
      output: { total: "${{ vars.total }}", length: "${{ steps.more.output.value.length }}" },
    }),
  );
  expect(run.error).toBe(null);
  expect(run.output).toEqual({ total: 25, length: 1_001 });
});

test("constants, wrong types and values that are too large fail the step and change nothing", async () => {
  await using bench = await openBench();
  const context = (value: unknown) => ({
    ...{ uses: "state.context", onError: "continue" },
    with: { kind: "constants", scope: "tenant", values: { a: 1, c: value } },
  });
  const run = await bench.run(
    workflow("faults", {
      steps: [
        { id: "one", ...context("x") },
        { id: "same", needs: ["one"], ...context("x") },
        { id: "other", needs: ["same"], ...context("y") },
        {
          ...counter("text", "tenant", { name: "c" }),
          ...{ needs: ["other"], onError: "continue" },
        },
        {
          id: "large",
          uses: "state.variable",
          onError: "continue",
          with: { name: "l", operation: "set", scope: "tenant", value: "x".repeat(70_000) },
        },
        {
          id: "entry",
          uses: "state.cache",
          onError: "continue",
          with: { key: "l", operation: "set", value: "x".repeat(70_000) },
        },
      ],
      output:
        "${{ [steps.same.status, steps.other.error, steps.text.error, steps.large.error, steps.entry.error] }}",
    }),
  );
  expect(run.output).toEqual([
    "succeeded",
    expect.objectContaining({ code: "validation_failed" }),
    expect.objectContaining({ code: "validation_failed" }),
    expect.objectContaining({ code: "limit_exceeded" }),
    expect.objectContaining({ code: "limit_exceeded" }),
  ]);
  expect(await sharedValue(bench, "tenant", "c")).toBe("x");
  expect(await sharedValue(bench, "tenant", "l")).toBe(null);
});

test("the cache: scopes, time to live, get_or_set and delete", async () => {
  await using bench = await openBench();
  const cache = (
    id: string,
    operation: string,
    more: Record<string, unknown>,
    needs: string[] = [],
  ) => ({
    ...{ id, uses: "state.cache", needs, with: { key: "k", operation, ...more } },
  });
  const flow = (name: string, scope: string) =>
    workflow(name, {
      steps: [
        cache("look", "get", { scope, default: "none" }),
        cache("make", "get_or_set", { scope, value: name, ttl: "1h" }, ["look"]),
        cache("again", "get", { scope }, ["make"]),
      ],
      output: ["${{ steps.look.output }}", "${{ steps.again.output.value }}"],
    });
  const first = await bench.run(flow("a", "tenant"));
  expect(first.output).toEqual([{ value: "none", hit: false }, "a"]);
  const second = await bench.run(flow("b", "tenant"));
  expect(second.output).toEqual([{ value: "a", hit: true }, "a"]);
  await bench.clock.advanceBy(3_600_001);
  expect((await bench.run(flow("c", "tenant"))).output).toEqual([
    { value: "none", hit: false },
    "c",
  ]);
  expect((await bench.run(flow("a", "workflow"))).output).toEqual([
    { value: "none", hit: false },
    "a",
  ]);
  expect((await bench.run(flow("a", "run"))).output).toEqual([{ value: "none", hit: false }, "a"]);
  expect((await bench.run(flow("a", "run"))).output).toEqual([{ value: "none", hit: false }, "a"]);
  const drop = workflow("drop", {
    steps: [
      cache("drop", "delete", { scope: "tenant" }),
      cache("look", "get", { scope: "tenant" }, ["drop"]),
    ],
    output: ["${{ steps.drop.output.hit }}", "${{ steps.look.output.hit }}"],
  });
  expect((await bench.run(drop)).output).toEqual([true, false]);
});

test("what a workflow and a tenant keep is bounded in number and in bytes, and room comes back", async () => {
  await using bench = await openBench();
  const { store } = bench;
  const put = (scope: "workflow" | "tenant", name: string, value: string | null) =>
    driven(
      bench.clock,
      store.state.change(context, {
        ...{ scope, workflow: scope === "workflow" ? "full" : "", name, reason: null },
        value: value === null ? null : JSON.stringify(value),
      }),
    );
  for (let index = 0; index < 9_999; index++) await put("workflow", `n${index}`, "");
  // 64 MiB are 1,024 values of 64 Ki: the last one has its quotes left over, and a little more.
  for (let index = 0; index < 1_023; index++) await put("tenant", `t${index}`, "x".repeat(65_534));
  const set = (id: string, scope: string, name: string, value: string, needs: string[]) => ({
    ...{ id, uses: "state.variable", needs, onError: "continue" },
    with: { name, operation: "set", scope, value },
  });
  const drop = (id: string, scope: string, name: string, needs: string[]) => ({
    ...{ id, uses: "state.variable", needs, with: { name, operation: "delete", scope } },
  });
  const run = await bench.run(
    workflow("full", {
      steps: [
        set("fits", "workflow", "one", "x", []),
        set("change", "workflow", "one", "y", ["fits"]),
        set("many", "workflow", "two", "x", ["change"]),
        drop("less", "workflow", "n0", ["many"]),
        set("again", "workflow", "two", "x", ["less"]),
        set("small", "tenant", "s", "x".repeat(30_000), []),
        set("large", "tenant", "l", "x".repeat(60_000), ["small"]),
        drop("room", "tenant", "t0", ["large"]),
        set("after", "tenant", "l", "x".repeat(60_000), ["room"]),
      ],
      output:
        "${{ [steps.many.error, steps.again.status, steps.large.error, steps.after.status] }}",
    }),
  );
  expect(run.output).toEqual([
    expect.objectContaining({
      code: "limit_exceeded",
      message: expect.stringContaining("The workflow has 10000 values"),
    }),
    "succeeded",
    expect.objectContaining({
      code: "limit_exceeded",
      message: expect.stringContaining("The tenant keeps at most 67108864 bytes"),
    }),
    "succeeded",
  ]);
});
