/** Quotas of an hour, of storage, and of workflows, on simulated time. */
import { expect, test } from "vitest";
import type { QuotaOptions } from "#engine/admission/quota-limits.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import {
  type Bench,
  context,
  driven,
  openBench,
  type Work,
  work,
  workflow,
} from "./engine-fixture.ts";

const HOUR_MS = 3_600_000;
const quick: Work = async () => 1;
const sequence = (name: string, steps: number) =>
  workflow(name, {
    steps: Array.from({ length: steps }, (_, at) =>
      work(`s${at}`, "quick", at === 0 ? {} : { needs: [`s${at - 1}`] }),
    ),
  });

const benchWith = (quotas: QuotaOptions, more: Readonly<Record<string, Work>> = {}) =>
  openBench({ admission: { quotas }, work: { quick, ...more } });

const start = async ({ clock, engine }: Bench, definition: WorkflowDefinition, id?: string) =>
  (await driven(clock, engine.start(context, { workflow: definition, id }))).run.id;

const statusOf = async ({ clock, engine }: Bench, runId: string) =>
  (await driven(clock, engine.get(context, runId)))?.status;

const waitOf = async ({ clock, engine }: Bench, runId: string) =>
  (await driven(clock, engine.explain(context, runId))).waits[0];

test("steps of an hour: a run waits for what is used up, says so, and goes on when the window moves", async () => {
  await using bench = await benchWith({ workflow: { stepsPerHour: 3 } });
  const { clock } = bench;
  const runId = await start(bench, sequence("w", 5));
  await clock.advanceBy(1_000);
  expect(bench.attempts).toHaveLength(3);
  const wait = await waitOf(bench, runId);
  expect(wait).toMatchObject({ kind: "slot", frees: "the window of the quota moves on" });
  expect(wait?.text).toMatch(
    /^"s3" \(attempt 1\) waits for a quota: workflow "w" has used 3 of 3 steps an hour \(stepsPerHour\), 0 ahead, est\. 6\d min$/,
  );
  expect(wait?.dueAtMs).toBeGreaterThan(clock.nowMs() + HOUR_MS - 60_000);
  // Another workflow of the tenant has a quota of its own.
  const other = await start(bench, sequence("other", 2));
  await clock.advanceBy(1_000);
  expect(await statusOf(bench, other)).toBe("succeeded");
  expect(bench.engine.stats().admission.waiting).toMatchObject({ quota: 1, slot: 0 });
  // It holds across restarts.
  await bench.crash();
  await clock.advanceBy(10_000);
  expect(bench.attempts).toHaveLength(5);
  await clock.advanceBy(HOUR_MS - 120_000);
  expect(await statusOf(bench, runId)).toBe("running");
  await clock.advanceBy(180_000);
  expect(await statusOf(bench, runId)).toBe("succeeded");
  expect(bench.attempts).toHaveLength(7);
});

test("steps of an hour: many that ask at once start no more than there are, of the tenant altogether", async () => {
  await using bench = await benchWith({ tenant: { stepsPerHour: 7 } });
  const wide = workflow("wide", {
    steps: Array.from({ length: 20 }, (_, at) => work(`s${at}`, "quick", { needs: [] })),
  });
  await start(bench, wide);
  await start(bench, { ...wide, name: "wider" });
  await bench.clock.advanceBy(5_000);
  expect(bench.attempts).toHaveLength(7);
  await bench.clock.advanceBy(HOUR_MS + 60_000);
  expect(bench.attempts).toHaveLength(14);
});

test("time of attempts: what is under way goes on, what comes next waits; what cleans up never does", async () => {
  const slow: Work = () =>
    new Promise((resolve) => void bench.clock.after(120_000, () => resolve(1)));
  await using bench = await benchWith({ workflow: { attemptSecondsPerHour: 60 } }, { slow });
  const { clock } = bench;
  const definition = workflow("w", {
    steps: [
      {
        id: "t",
        uses: "try",
        steps: [work("slow", "slow")],
        finally: [work("tidy", "quick")],
      },
      work("next", "quick", { needs: ["t"] }),
    ],
    finally: [work("last", "quick")],
  });
  const runId = await start(bench, definition);
  await clock.advanceBy(121_000);
  // The attempt ran for twice as long as there was; the inner `finally` was not held up.
  expect(bench.attempts.map(({ path }) => path)).toEqual(["t.slow", "t.finally.tidy"]);
  expect((await waitOf(bench, runId))?.text).toContain(
    'workflow "w" has used 120 of 60 seconds of attempts an hour (attemptSecondsPerHour)',
  );
  await driven(clock, bench.engine.cancel(context, runId));
  await clock.advanceBy(1_000);
  expect(await statusOf(bench, runId)).toBe("cancelled");
  expect(bench.attempts.at(-1)?.path).toBe("finally.last");
});

test("a refused commit loses nothing of what attempts took, and counts nothing twice", async () => {
  let refusals = 0;
  await using bench = await openBench({
    admission: { quotas: { tenant: { attemptSecondsPerHour: 10, stepsPerHour: 100 } } },
    work: {
      second: () => new Promise((resolve) => void bench.clock.after(1_000, () => resolve(1))),
    },
    faults: {
      onCommit: () => (++refusals % 2 === 0 ? { kind: "unavailable" } : { kind: "none" }),
    },
  });
  const steps = Array.from({ length: 3 }, (_, at) =>
    work(`s${at}`, "second", at === 0 ? {} : { needs: [`s${at - 1}`] }),
  );
  const runId = await start(bench, workflow("w", { steps }));
  await bench.clock.advanceBy(60_000);
  expect(await statusOf(bench, runId)).toBe("succeeded");
  await bench.crash();
  const rows = await driven(bench.clock, bench.store.usage?.read(0) ?? Promise.resolve([]));
  expect(rows.reduce((sum, { steps }) => sum + steps, 0)).toBe(3);
  expect(rows.reduce((sum, { attemptMs }) => sum + attemptMs, 0)).toBe(3_000);
});

test("attempts at once and open runs of a workflow, beside those of others", async () => {
  const slow: Work = () =>
    new Promise((resolve) => void bench.clock.after(1_000, () => resolve(1)));
  await using bench = await benchWith(
    {
      workflow: { attempts: 1, openRuns: 2 },
      workflows: { free: { openRuns: null, attempts: null }, "default/two": { openRuns: 1 } },
    },
    { slow },
  );
  const { clock } = bench;
  const named = (name: string) =>
    workflow(name, { steps: ["a", "b"].map((id) => work(id, "slow", { needs: [] })) });
  const [first = ""] = [await start(bench, named("one")), await start(bench, named("one"))];
  await clock.advanceBy(10);
  const waits = (await driven(clock, bench.engine.explain(context, first))).waits;
  expect(waits.find(({ kind }) => kind === "slot")?.text).toContain(
    '1 attempts that workflow "one" may run',
  );
  await expect(start(bench, named("one"))).rejects.toMatchObject({
    code: "quota_exceeded",
    message: "Workflow one has 2 open runs; it may have 2. Wait, or ask the operator for more.",
  });
  await start(bench, named("two"));
  await expect(start(bench, named("two"))).rejects.toMatchObject({ code: "quota_exceeded" });
  for (let at = 0; at < 4; at++) await start(bench, named("free"));
  await bench.crash();
  await expect(start(bench, named("one"))).rejects.toMatchObject({ code: "quota_exceeded" });
  await clock.advanceBy(10_000);
  await start(bench, named("one"));
});

test("storage over its quota: new runs are refused, those under way go on", async () => {
  await using bench = await benchWith({
    tenant: { storageBytes: 4_000 },
    workflow: { storageBytes: 1_000_000 },
  });
  const { clock, engine } = bench;
  const signalled = workflow("w", {
    steps: [
      { id: "go", uses: "wait.signal", with: { name: "go" } },
      work("b", "quick", { needs: ["go"] }),
    ],
  });
  const runId = await start(bench, signalled);
  for (let at = 0; at < 3; at++) {
    const payload = "x".repeat(2_000);
    await driven(clock, engine.signal(context, runId, { name: `other${at}`, payload }));
  }
  const refused = { code: "quota_exceeded", details: { retryAfterS: 60 } };
  await expect(start(bench, signalled)).rejects.toMatchObject(refused);
  await expect(start(bench, signalled)).rejects.toThrow(
    /^Tenant default stores \d+ bytes; it may store 4000/,
  );
  await bench.crash();
  await expect(start(bench, signalled)).rejects.toMatchObject(refused);
  await driven(clock, bench.engine.signal(context, runId, { name: "go" }));
  await clock.advanceBy(1_000);
  expect(await statusOf(bench, runId)).toBe("succeeded");
});

test("operators see what is used of what, and until when", async () => {
  await using bench = await benchWith({
    tenant: { openRuns: 5, startsPerMinute: 9, attempts: 4, stepsPerDay: 100, storageBytes: 1e9 },
    workflow: { stepsPerHour: 2, openRuns: 3, sandboxCpuMs: 50 },
  });
  const { clock, engine } = bench;
  await start(bench, sequence("w", 3));
  await clock.advanceBy(1_000);
  const views = await driven(clock, engine.care.quotas(context));
  const of = (workflow: string | null, quota: string) =>
    views.find((view) => view.workflow === workflow && view.quota === quota);
  const free = { untilMs: null };
  expect(of(null, "openRuns")).toEqual({
    ...{ workflow: null, quota: "openRuns", limit: 5, used: 1 },
    ...free,
  });
  expect(of(null, "startsPerMinute")).toMatchObject({ used: 1, ...free });
  expect(of(null, "attempts")).toMatchObject({ used: 0, ...free });
  expect(of(null, "stepsPerDay")).toMatchObject({ used: 2, ...free });
  expect(of(null, "storageBytes")?.used).toBeGreaterThan(100);
  expect(of("w", "openRuns")).toMatchObject({ used: 1, limit: 3, ...free });
  expect(of("w", "sandboxCpuMs")).toMatchObject({ used: null, limit: 50, ...free });
  const steps = of("w", "stepsPerHour");
  expect(steps).toMatchObject({ used: 2, limit: 2 });
  expect(steps?.untilMs).toBeGreaterThan(clock.nowMs() + HOUR_MS - 60_000);
  expect(views).toHaveLength(8);
  expect(engine.stats().admission.quotas.usedUp).toMatchObject({ stepsPerHour: 1, stepsPerDay: 0 });
  for (let at = 0; at < 2; at++) await start(bench, sequence("w", 3));
  await expect(start(bench, sequence("w", 3))).rejects.toMatchObject({ code: "quota_exceeded" });
  expect(engine.stats().admission.quotas.refused).toMatchObject({ openRuns: 1 });
});
