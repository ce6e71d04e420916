/**
 * Remembered results on the embedded engine: who hits, who runs, who waits, and that nothing is
 * remembered that did not happen.
 */
import { expect, test } from "vitest";
import type { EventView } from "#engine/engine.ts";
import {
  type Bench,
  context,
  driven,
  openBench,
  type Work,
  work,
  workflow,
} from "./engine-fixture.ts";

const counted = () => {
  let count = 0;
  return async () => `result ${++count}`;
};

function flow(name: string, memo: unknown, config: Record<string, unknown> = {}) {
  return workflow(name, {
    steps: [work("call", "call", { memo, with: { of: "${{ input?.of ?? 0 }}", ...config } })],
    output: "${{ steps.call.output }}",
  });
}

async function types(bench: Bench, runId: string): Promise<string[]> {
  return (await eventsOf(bench, runId)).map(({ type }) => type);
}

async function eventsOf(bench: Bench, runId: string): Promise<readonly EventView[]> {
  return driven(bench.clock, bench.engine.events(context, runId, 0, 1_000));
}

test("a result is used again within its scope, and the journal says whose it is", async () => {
  await using bench = await openBench({ work: { call: counted() } });
  const first = await bench.run(flow("orders", { scope: "workflow" }));
  const second = await bench.run(flow("orders", { scope: "workflow" }));
  expect([first.output, second.output]).toEqual(["result 1", "result 1"]);
  expect(bench.attempts).toHaveLength(1);
  expect(await types(bench, second.id)).toEqual([
    ...["run.queued", "run.admitted", "run.started", "scope.opened", "step.scheduled"],
    ...["step.memo_hit", "step.succeeded", "scope.closed", "run.succeeded"],
  ]);
  const hit = (await eventsOf(bench, second.id)).find(({ type }) => type === "step.memo_hit");
  expect(hit?.event).toMatchObject({
    path: "call",
    key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    from: { runId: first.id, path: "call", atMs: expect.any(Number) as number },
  });
  const state = await driven(bench.clock, bench.engine.state(context, second.id));
  expect(state.steps).toMatchObject([
    { path: "call", status: "succeeded", attempts: 0, memo: { runId: first.id, path: "call" } },
  ]);
  const other = await bench.run(flow("other", { scope: "workflow" }));
  expect(other.output).toBe("result 2");
  const changed = await bench.run({ ...flow("orders", { scope: "workflow" }), description: "v2" });
  expect(changed.output).toBe("result 3");
});

test("scope run is the default and ends with the run; scope tenant spans workflows", async () => {
  await using bench = await openBench({ work: { call: counted() } });
  const twice = workflow("twice", {
    steps: [
      work("a", "call", { memo: {} }),
      work("b", "call", { memo: {}, needs: ["a"] }),
      work("c", "call", { memo: { ttl: "1h" }, with: { more: 1 } }),
    ],
    output: ["${{ steps.a.output }}", "${{ steps.b.output }}", "${{ steps.c.output }}"],
  });
  const first = await bench.run(twice);
  expect(first.output).toEqual(["result 1", "result 1", "result 2"]);
  const again = await driven(bench.clock, bench.engine.rerun(context, first.id, {}));
  expect((await bench.settle(again.id)).output).toEqual(["result 3", "result 3", "result 4"]);

  const shared = await bench.run(flow("one", { scope: "tenant" }));
  const from = await bench.run(flow("two", { scope: "tenant" }));
  expect([shared.output, from.output]).toEqual(["result 5", "result 5"]);
  const rerun = await driven(bench.clock, bench.engine.rerun(context, from.id, {}));
  expect((await bench.settle(rerun.id)).output).toBe("result 5");
});

test("two tenants never share a result", async () => {
  await using bench = await openBench({ work: { call: counted() } });
  const outputs: unknown[] = [];
  for (const tenant of ["default", "other", "default", "other"]) {
    const caller = { ...context, tenant };
    const request = { workflow: flow("orders", { scope: "tenant" }) };
    const { run } = await driven(bench.clock, bench.engine.start(caller, request));
    await bench.clock.runUntilIdle();
    outputs.push((await driven(bench.clock, bench.engine.get(caller, run.id)))?.output);
  }
  expect(outputs).toEqual(["result 1", "result 2", "result 1", "result 2"]);
});

test("the key decides, with the configuration as it is written; null remembers nothing", async () => {
  await using bench = await openBench({ work: { call: counted() } });
  const keyed = (name: string, key: string, more = {}) =>
    flow(name, { key, scope: "tenant" }, more);
  const output = async (...args: Parameters<typeof bench.run>) => (await bench.run(...args)).output;
  expect(await output(keyed("k", "'x'"), { of: 1 })).toBe("result 1");
  // Another input, the same key.
  expect(await output(keyed("k", "'x'"), { of: 2 })).toBe("result 1");
  expect(await output(keyed("l", "'x'"), { of: 2 })).toBe("result 1");
  expect(await output(keyed("k", "{ a: 1, b: [2] }"))).toBe("result 2");
  expect(await output(keyed("k", "{ b: [2], a: 1 }"))).toBe("result 2");
  // The same key, but the step calls something else.
  expect(await output(keyed("k", "'x'", { to: "elsewhere" }))).toBe("result 3");
  expect(await output(keyed("k", "'y'.repeat(5000)"))).toBe("result 4");
  expect(await output(keyed("k", "'y'.repeat(5000)"))).toBe("result 4");
  expect(await output(keyed("k", "'y'.repeat(5001)"))).toBe("result 5");
  expect(await output(keyed("k", "null"))).toBe("result 6");
  expect(await output(keyed("k", "input?.nothing"), {})).toBe("result 7");
  const broken = await bench.run(keyed("k", "input.no.such"), { no: null });
  expect(broken).toMatchObject({ status: "failed", error: { code: "expression_failed" } });
});

test("a result counts for its time to live, by the clock of the engine", async () => {
  await using bench = await openBench({ work: { call: counted() } });
  const brief = flow("brief", { scope: "workflow", ttl: "10s" });
  expect((await bench.run(brief)).output).toBe("result 1");
  await bench.clock.advanceBy(9_000);
  expect((await bench.run(brief)).output).toBe("result 1");
  await bench.clock.advanceBy(2_000);
  expect((await bench.run(brief)).output).toBe("result 2");
  // A reader that wants it fresher than its writer said.
  const tenant = (ttl: string) => flow("lasting", { scope: "tenant", ttl });
  expect((await bench.run(tenant("1h"))).output).toBe("result 3");
  await bench.clock.advanceBy(20_000);
  expect((await bench.run(tenant("1h"))).output).toBe("result 3");
  expect((await bench.run(tenant("5s"))).output).toBe("result 4");
  expect((await bench.run(tenant("5s"))).output).toBe("result 4");
});

/** Attempts that end when the test says so. */
function held() {
  const waiting: { readonly path: string; readonly end: (outcome: unknown) => void }[] = [];
  const call: Work = ({ path }) =>
    new Promise((resolve, reject) => {
      waiting.push({
        path,
        end: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
      });
    });
  return { call, waiting };
}

const BRANCHES = workflow("branches", {
  steps: ["a", "b", "c"].map((id) =>
    work(id, "call", { memo: {}, needs: [], onError: "continue" }),
  ),
  output: ["${{ steps.a.output }}", "${{ steps.b.output }}", "${{ steps.c.output }}"],
});

test("of equal keys under way one runs, the others wait without a slot and explain it", async () => {
  const { call, waiting } = held();
  await using bench = await openBench({ work: { call }, limits: { attemptsMax: 1 } });
  const request = { workflow: BRANCHES };
  const { run } = await driven(bench.clock, bench.engine.start(context, request));
  await bench.clock.settle();
  expect(waiting.map(({ path }) => path)).toEqual(["a"]);
  expect(bench.engine.stats()).toMatchObject({ runningAttempts: 1, queuedAttempts: 0 });
  const { waits } = await driven(bench.clock, bench.engine.explain(context, run.id));
  expect(waits).toContainEqual({
    path: "b",
    kind: "memo",
    text: `"b" waits for the memo of "a" in run ${run.id}`,
    frees: expect.any(String) as string,
    dueAtMs: null,
  });
  waiting[0]?.end("once");
  expect((await bench.settle(run.id)).output).toEqual(["once", "once", "once"]);
  expect(bench.attempts).toHaveLength(1);
});

test("a failure is not remembered: the next that waits runs, alone", async () => {
  const { call, waiting } = held();
  await using bench = await openBench({ work: { call } });
  const request = { workflow: BRANCHES };
  const { run } = await driven(bench.clock, bench.engine.start(context, request));
  await bench.clock.settle();
  waiting[0]?.end(new Error("no"));
  await bench.clock.settle();
  expect(waiting.map(({ path }) => path)).toEqual(["a", "b"]);
  waiting[1]?.end("second");
  expect((await bench.settle(run.id)).output).toEqual([null, "second", "second"]);
});

test("one that is cancelled or paused while it leads lets the next one run", async () => {
  const { call, waiting } = held();
  await using bench = await openBench({ work: { call }, limits: { abortGraceMs: 100 } });
  const start = async () => {
    const request = { workflow: flow("shared", { scope: "workflow" }) };
    const { run } = await driven(bench.clock, bench.engine.start(context, request));
    await bench.clock.settle();
    return run.id;
  };
  const [first, second, third] = [await start(), await start(), await start()];
  await driven(bench.clock, bench.engine.pause(context, second));
  await driven(bench.clock, bench.engine.cancel(context, first));
  await bench.clock.advanceBy(200);
  expect((await bench.settle(first)).status).toBe("cancelled");
  expect(bench.attempts.map(({ runId }) => runId)).toEqual([first, third]);
  waiting[1]?.end("late");
  expect((await bench.settle(third)).output).toBe("late");
  await driven(bench.clock, bench.engine.resume(context, second));
  expect((await bench.settle(second)).output).toBe("late");
  expect(bench.attempts).toHaveLength(2);
});

test("when the process dies, who waited asks again and one of them runs", async () => {
  const { call, waiting } = held();
  await using bench = await openBench({ work: { call } });
  const request = { workflow: BRANCHES };
  const { run } = await driven(bench.clock, bench.engine.start(context, request));
  await bench.clock.settle();
  await bench.crash();
  await bench.clock.settle();
  expect(waiting).toHaveLength(2);
  waiting[1]?.end("after");
  expect((await bench.settle(run.id)).output).toEqual(["after", "after", "after"]);
  expect(new Set(bench.attempts.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(
    bench.attempts[0]?.path === bench.attempts[1]?.path ? 1 : 2,
  );
});

test("what a refused commit would have remembered is not there, and comes with its repeat", async () => {
  let isRefused = false;
  const seen: (readonly string[])[] = [];
  await using bench = await openBench({
    work: { call: counted() },
    faults: {
      onCommit: ({ turns }) => {
        const isResult = turns.some(({ record }) => record?.events.includes("step.succeeded"));
        if (isResult) seen.push(turns.flatMap(({ memos }) => memos?.map(({ path }) => path) ?? []));
        if (!isResult || isRefused) return { kind: "none" };
        isRefused = true;
        return { kind: "unavailable" };
      },
    },
  });
  const definition = flow("refused", { scope: "workflow" });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  for (let ms = 0; ms < 100 && !isRefused; ms++) await bench.clock.advanceBy(1);
  expect(isRefused).toBe(true);
  expect(await driven(bench.clock, bench.engine.memos(context, { limit: 10 }))).toMatchObject({
    items: [],
  });
  expect((await bench.settle(run.id)).output).toBe("result 1");
  expect(seen).toEqual([["call"], ["call"]]);
  expect((await bench.run(definition)).output).toBe("result 1");
  expect(bench.attempts).toHaveLength(1);
});

test("large outputs are remembered by their blob; a lost blob is no result", async () => {
  let count = 0;
  const call = async () => `${++count} ${"x".repeat(100_000)}`;
  await using bench = await openBench({ work: { call } });
  const definition = flow("large", { scope: "workflow" });
  const first = await bench.run(definition);
  const second = await bench.run(definition);
  expect(second.output).toBe(first.output);
  expect(count).toBe(1);
  const { items } = await driven(bench.clock, bench.engine.memos(context, { limit: 10 }));
  expect(items).toMatchObject([{ workflow: "large", path: "call", bytes: 100_004 }]);
  const entry = await driven(
    bench.clock,
    bench.store.memos.find(context, items[0]?.key ?? "", bench.clock.nowMs()),
  );
  if (entry === null || !("blob" in entry.output)) throw new Error("not in a blob");
  expect(await bench.disk.data.blob("default", entry.output.blob.hash)).not.toBeNull();
  bench.disk.data.corruptBlob(entry.output.blob.hash);
  await bench.crash();
  const third = await bench.run(definition);
  expect(third.status).toBe("succeeded");
  expect(count).toBe(2);
});

test("entries are listed and cleared by workflow and key; a retry asks anew", async () => {
  let isBroken = true;
  let count = 0;
  const call = async () => {
    if (isBroken) throw new Error("no");
    return ++count;
  };
  await using bench = await openBench({ work: { call } });
  const definition = workflow("retried", {
    steps: [
      work("call", "call", {
        memo: { key: "'k'", scope: "workflow" },
        retry: { attempts: 3, initial: "1m", jitter: "none", errors: ["*"] },
      }),
    ],
    output: "${{ steps.call.output }}",
  });
  const start = async () =>
    (await driven(bench.clock, bench.engine.start(context, { workflow: definition }))).run.id;
  const slow = await start();
  await bench.clock.settle();
  isBroken = false;
  const quick = await start();
  await bench.clock.settle();
  expect(bench.attempts).toHaveLength(2);
  expect(await bench.settle(quick)).toMatchObject({ status: "succeeded", output: 1 });
  expect(await bench.settle(slow)).toMatchObject({ status: "succeeded", output: 1 });
  expect(bench.attempts).toHaveLength(2);
  const engine = bench.engine;
  const cleared = (filter: { workflow?: string; key?: string }) =>
    driven(bench.clock, engine.clearMemos(context, filter));
  expect(await cleared({ workflow: "else" })).toBe(0);
  expect(await cleared({ workflow: "retried", key: "k" })).toBe(1);
  expect((await bench.run(definition)).output).toBe(2);
});

test("what an operator completes a step with is not remembered; who waited for it runs", async () => {
  let calls = 0;
  const call: Work = () => (++calls === 1 ? new Promise(() => {}) : Promise.resolve("real"));
  await using bench = await openBench({ work: { call } });
  const { clock, engine } = bench;
  const definition = flow("completed", { scope: "workflow" });
  const start = (id: string) => driven(clock, engine.start(context, { workflow: definition, id }));
  await start("first");
  await clock.settle();
  await start("waits");
  await clock.settle();
  await driven(
    clock,
    engine.resolveStep(context, "first", "call", { action: "complete", output: "by hand" }),
  );
  expect((await bench.settle("first")).output).toBe("by hand");
  expect((await bench.settle("waits")).output).toBe("real");
  expect((await bench.run(definition)).output).toBe("real");
  expect(calls).toBe(2);
});
