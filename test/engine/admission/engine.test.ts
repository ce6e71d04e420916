/** Limits end to end: rates and breakers across restarts and refused commits, bulkheads, quotas, explain. */
import { expect, test } from "vitest";
import { context, driven, openBench, type Work, work, workflow } from "../engine-fixture.ts";

const at = (clock: () => { monotonicMs(): number }, starts: number[]): Work => {
  return async () => {
    starts.push(clock().monotonicMs());
    return 1;
  };
};

/** The most starts in any window of `perMs`. */
function most(starts: readonly number[], perMs: number): number {
  return Math.max(
    ...starts.map((from) => starts.filter((start) => start >= from && start < from + perMs).length),
  );
}

const limited = (items: number) =>
  workflow("limited", {
    steps: [
      {
        id: "all",
        uses: "for_each",
        with: { items: { range: { start: 0, end: items } }, concurrency: items },
        steps: [work("call", "call", { rateLimit: { key: "'api'", limit: 3, per: "1s" } })],
      },
    ],
  });

test("a rate limit holds in every window, and its wait is explained to the millisecond", async () => {
  const starts: number[] = [];
  await using bench = await openBench({ work: { call: at(() => bench.clock, starts) } });
  const { engine, clock } = bench;
  const { run } = await driven(clock, engine.start(context, { workflow: limited(10) }));
  await clock.settle();
  const explained = await driven(clock, engine.explain(context, run.id));
  expect(explained.waits[0]).toMatchObject({
    kind: "slot",
    text: '"all[3].call" (attempt 1) waits for rate limit "api" (3 per 1 s), 0 ahead, est. 1 s',
    frees: "the window of the limit moves on",
  });
  expect(explained.waits.at(-1)?.text).toContain("6 ahead, est. 3 s");
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded" });
  expect(starts).toHaveLength(10);
  expect(most(starts, 1_000)).toBe(3);
  const events = await driven(clock, engine.events(context, run.id, 0, 1_000));
  const grants = events.filter(({ type }) => type === "slot.granted");
  expect(grants).toHaveLength(10);
  expect(grants[0]?.event).toMatchObject({
    gates: [{ gate: "rate_limit", key: "api" }],
    waitedMs: 0,
  });
  expect(grants.at(-1)?.event).toMatchObject({ waitedMs: 3_000 });
});

test("a rate limit holds across restarts, and where commits are refused", async () => {
  const starts: number[] = [];
  let refusals = 0;
  await using bench = await openBench({
    work: { call: at(() => bench.clock, starts) },
    faults: {
      onCommit: () =>
        ++refusals % 3 === 0 ? { kind: "unavailable" } : { kind: "none", delayMs: 40 },
    },
  });
  const { engine, clock } = bench;
  await driven(clock, engine.start(context, { workflow: limited(12), id: "r" }));
  for (let crash = 0; crash < 5; crash++) {
    await clock.advanceBy(700);
    await bench.crash();
  }
  expect(await bench.settle("r")).toMatchObject({ status: "succeeded" });
  expect(starts.length).toBeGreaterThanOrEqual(12);
  expect(most(starts, 1_000)).toBeLessThanOrEqual(3);
});

test("a breaker opens after failures in a row, survives a restart, and a probe closes it", async () => {
  let isDown = true;
  const calls: string[] = [];
  await using bench = await openBench({
    work: {
      call: async ({ runId }) => {
        calls.push(runId);
        if (isDown) throw Object.assign(new Error("down"), { code: "http.503", retryable: true });
      },
      wrong: async ({ runId }) => {
        calls.push(runId);
        throw Object.assign(new Error("mine"), { code: "http.404", retryable: false });
      },
    },
  });
  const { clock } = bench;
  const guarded = (name: string, does: string) =>
    workflow(name, {
      steps: [
        work("a", does, {
          circuitBreaker: { key: "'side'", failureThreshold: 2, resetAfter: "10s" },
        }),
      ],
    });
  const start = (id: string, does = "call") =>
    driven(clock, bench.engine.start(context, { workflow: guarded(`w-${does}`, does), id }));
  // What is the caller's own fault counts for nothing.
  for (const id of ["x1", "x2", "x3"]) await start(id, "wrong");
  await clock.settle();
  for (const id of ["f1", "f2"]) {
    await start(id);
    await clock.settle();
  }
  for (const id of ["w1", "w2"]) await start(id);
  await clock.advanceBy(1_000);
  expect(calls).toEqual(["x1", "x2", "x3", "f1", "f2"]);
  await bench.crash();
  await clock.advanceBy(1_000);
  expect((await driven(clock, bench.engine.explain(context, "w1"))).waits[0]).toMatchObject({
    text: expect.stringMatching(
      /^"a" \(attempt 1\) waits for circuit breaker "side", open since .* UTC, 0 ahead, est\. 8 s$/,
    ),
    frees: "a probe succeeds",
  });
  await clock.advanceBy(8_100);
  // The probe found it down: open again for ten seconds.
  expect(calls.slice(5)).toEqual(["w1"]);
  isDown = false;
  await clock.advanceBy(9_800);
  expect(calls.slice(5)).toEqual(["w1"]);
  await clock.advanceBy(300);
  expect(calls.slice(5)).toEqual(["w1", "w2"]);
  await start("after");
  await clock.settle();
  expect(calls.at(-1)).toBe("after");
});

test("a bulkhead of the operator holds for all runs; only who waited for it says so", async () => {
  let now = 0;
  let top = 0;
  await using bench = await openBench({
    admission: { bulkheads: { "test.*": 2 } },
    work: {
      call: async () => {
        top = Math.max(top, ++now);
        await new Promise<void>((resolve) => void bench.clock.after(100, resolve));
        now--;
      },
    },
  });
  const { engine, clock } = bench;
  const definition = workflow("plain", { steps: [work("a", "call")] });
  const runs: string[] = [];
  for (let i = 0; i < 5; i++)
    runs.push((await driven(clock, engine.start(context, { workflow: definition }))).run.id);
  await clock.advanceBy(10);
  const explained = await driven(clock, engine.explain(context, runs[3] ?? ""));
  expect(explained.sentence).toContain('waits for a slot of bulkhead "test.*" (2), 1 ahead');
  expect(engine.stats().bulkheads).toEqual([{ name: "test.*", limit: 2, running: 2, waiting: 3 }]);
  await clock.advanceBy(1_000);
  expect(top).toBe(2);
  const grants = [];
  for (const id of runs) {
    const events = await driven(clock, engine.events(context, id, 0, 100));
    grants.push(events.filter(({ type }) => type === "slot.granted").length);
  }
  expect(grants).toEqual([0, 0, 1, 1, 1]);
});

test("quotas of a tenant: open runs, and starts in a minute", async () => {
  await using bench = await openBench({
    admission: { tenantOpenRunsMax: 2, tenantStartsPerMinuteMax: 4 },
    work: { call: () => new Promise<void>((resolve) => void bench.clock.after(100, resolve)) },
  });
  const { clock } = bench;
  const definition = workflow("plain", { steps: [work("a", "call")] });
  const start = () => driven(clock, bench.engine.start(context, { workflow: definition }));
  await start();
  await start();
  await expect(start()).rejects.toMatchObject({
    code: "quota_exceeded",
    details: { retryAfterS: 1 },
  });
  await clock.advanceBy(200);
  await start();
  await bench.crash();
  await start();
  await expect(start()).rejects.toMatchObject({ code: "quota_exceeded" });
});

test("quotas of a tenant: attempts at the same time, each tenant's own, explained by name", async () => {
  const now = new Map<string, number>();
  const top = new Map<string, number>();
  await using bench = await openBench({
    admission: { tenantAttemptsMax: 2 },
    work: {
      call: async ({ tenant }) => {
        now.set(tenant, (now.get(tenant) ?? 0) + 1);
        top.set(tenant, Math.max(top.get(tenant) ?? 0, now.get(tenant) ?? 0));
        await new Promise<void>((resolve) => void bench.clock.after(100, resolve));
        now.set(tenant, (now.get(tenant) ?? 0) - 1);
      },
    },
  });
  const { engine, clock } = bench;
  const steps = Array.from({ length: 5 }, (_, at) => work(`s${at}`, "call", { needs: [] }));
  const other = { ...context, tenant: "other" };
  const runs = [];
  for (const who of [context, other])
    runs.push(
      (await driven(clock, engine.start(who, { workflow: workflow("wide", { steps }) }))).run,
    );
  await clock.advanceBy(10);
  const { waits } = await driven(clock, engine.explain(other, runs[1]?.id ?? ""));
  const waiting = waits.filter(({ kind }) => kind === "slot").map(({ text }) => text);
  expect(waiting).toHaveLength(3);
  for (const text of waiting) expect(text).toContain('2 attempts that tenant "other" may run');
  await clock.advanceBy(1_000);
  expect([...top]).toEqual([
    ["default", 2],
    ["other", 2],
  ]);
  expect(await driven(clock, engine.get(other, runs[1]?.id ?? ""))).toMatchObject({
    status: "succeeded",
  });
});

test("a parked run keeps the slot of its key", async () => {
  let isBroken = false;
  await using bench = await openBench({
    work: { call: () => new Promise<void>((resolve) => void bench.clock.after(100, resolve)) },
    faults: {
      onCommit: ({ turns }) =>
        isBroken && turns.some(({ runId }) => runId === "first")
          ? { kind: "refused", runId: "first" }
          : { kind: "none" },
    },
  });
  const { engine, clock } = bench;
  const definition = workflow("exclusive", {
    concurrency: { key: "'k'", limit: 1 },
    steps: [work("a", "call"), work("b", "call")],
  });
  const start = (id: string) => driven(clock, engine.start(context, { workflow: definition, id }));
  await start("first");
  await start("second");
  isBroken = true;
  await clock.advanceBy(500);
  expect((await driven(clock, engine.explain(context, "first"))).sentence).toContain("is parked");
  expect((await driven(clock, engine.get(context, "second")))?.status).toBe("queued");
  isBroken = false;
  await driven(clock, engine.pause(context, "first"));
  await driven(clock, engine.resume(context, "first"));
  await clock.advanceBy(1_000);
  expect((await driven(clock, engine.get(context, "first")))?.status).toBe("succeeded");
  expect((await driven(clock, engine.get(context, "second")))?.status).toBe("succeeded");
});
