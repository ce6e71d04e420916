/** fire-schedules.ts, F1 to F5, and what operators do, on a simulated clock and disk. */
import { expect, test } from "vitest";
import type { TriggerView } from "#engine/engine-triggers.ts";
import type { Meter } from "#ports/meter.ts";
import { context, driven, openBench, work, workflow } from "../engine-fixture.ts";

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 0, 1);
const KEY = { workflow: "report", id: "schedule" };
const iso = (atMs: number) => new Date(atMs).toISOString();

type Bench = Awaited<ReturnType<typeof openBench>>;

function report(schedule: Record<string, unknown>, steps = [work("a", "ok")]) {
  return workflow("report", { triggers: [{ schedule }], steps });
}

async function runsOf(bench: Bench): Promise<string[]> {
  const { items } = await driven(bench.clock, bench.engine.list(context, { limit: 1_000 }));
  return items.map(({ id }) => id).toSorted();
}

async function marksOf(bench: Bench): Promise<string[]> {
  const marks = await driven(bench.clock, bench.engine.triggers.marks(context, KEY, 200));
  return marks.toReversed().map(({ kind, instantMs }) => `${kind} ${iso(instantMs).slice(11, 16)}`);
}

const view = (bench: Bench): Promise<TriggerView> =>
  driven(bench.clock, bench.engine.triggers.get(context, KEY));

test("a definition's schedule fires at its instants, with the instant in input and journal", async () => {
  await using bench = await openBench({ work: { ok: async () => 1 } });
  const input = { at: "${{ trigger.scheduledAt }}", of: "${{ workflow.name }}" };
  await driven(bench.clock, bench.engine.saveWorkflow(context, report({ every: "1h", input })));
  await bench.clock.advanceTo(T0 + 3 * HOUR_MS);
  await bench.clock.settle();
  expect(await runsOf(bench)).toEqual([
    "report.schedule.20260101T010000Z",
    "report.schedule.20260101T020000Z",
    "report.schedule.20260101T030000Z",
  ]);
  const run = await driven(bench.clock, bench.engine.get(context, (await runsOf(bench))[1] ?? ""));
  expect(run).toMatchObject({
    status: "succeeded",
    input: { at: "2026-01-01T02:00:00.000Z", of: "report" },
    trigger: { kind: "schedule", id: "schedule", instantMs: T0 + 2 * HOUR_MS },
  });
  const [queued] = await driven(bench.clock, bench.engine.events(context, run?.id ?? "", 0, 1));
  expect(queued?.event).toMatchObject({ by: "schedule:schedule", trigger: { id: "schedule" } });
  expect((await view(bench)).schedule).toMatchObject({
    fired: 3,
    lastRunId: "report.schedule.20260101T030000Z",
    nextAtMs: T0 + 4 * HOUR_MS,
  });
});

test("killed after any write of a firing, every instant has one run and one mark", async () => {
  for (let killAt = 1; killAt <= 8; killAt += 1) {
    let puts = 0;
    let armed = false;
    let isKilled = false;
    const hit = () => {
      if (armed && !isKilled && ++puts === killAt) isKilled = true;
    };
    await using bench = await openBench({
      work: { ok: async () => 1 },
      faults: {
        onPut: () => {
          hit();
          return isKilled ? 50 : 0;
        },
        onCommit: () => {
          hit();
          return { kind: "none", delayMs: isKilled ? 50 : 0 };
        },
      },
    });
    await driven(bench.clock, bench.engine.saveWorkflow(context, report({ every: "1h" })));
    armed = true;
    // In the midst of the write that was counted, or after all of them.
    for (let step = 0; step < 400 && !isKilled; step += 1) {
      if (bench.clock.nowMs() >= T0 + 2 * HOUR_MS + 1_000) break;
      bench.clock.wakeNext();
      await bench.clock.settle();
    }
    for (const keep of [0, 1]) {
      isKilled = true;
      bench.disk.crash(keep);
      await bench.crash();
    }
    armed = false;
    await bench.clock.advanceTo(T0 + 3 * HOUR_MS + 1_000);
    await bench.clock.settle();
    expect({ killAt, runs: await runsOf(bench) }).toEqual({
      killAt,
      runs: [1, 2, 3].map((hour) => `report.schedule.20260101T0${hour}0000Z`),
    });
    expect(await marksOf(bench)).toEqual(["fired 01:00", "fired 02:00", "fired 03:00"]);
  }
});

test("a schedule's next version goes on from where it was saved; one that is gone stops", async () => {
  await using bench = await openBench({ work: { ok: async () => 1 } });
  const save = (definition: Parameters<Bench["engine"]["saveWorkflow"]>[1]) =>
    driven(bench.clock, bench.engine.saveWorkflow(context, definition));
  await save(report({ every: "1h" }));
  await bench.clock.advanceTo(T0 + HOUR_MS);
  await save(report({ every: "30m" }));
  await bench.clock.advanceTo(T0 + 2 * HOUR_MS);
  expect(await marksOf(bench)).toEqual(["fired 01:00", "fired 01:30", "fired 02:00"]);
  // The same trigger in another version keeps its state.
  await save({ ...report({ every: "30m" }), description: "new" });
  await bench.clock.advanceTo(T0 + 2.5 * HOUR_MS);
  expect((await view(bench)).schedule?.fired).toBe(4);
  await save(workflow("report", { steps: [work("a", "ok")] }));
  await bench.clock.advanceTo(T0 + 5 * HOUR_MS);
  expect(await runsOf(bench)).toHaveLength(4);
  await expect(view(bench)).rejects.toMatchObject({ code: "trigger_not_found" });
  expect(bench.clock.armed).toBe(0);
});

test("pausing is durable, skips what lies in it, and says who and why", async () => {
  await using bench = await openBench({ work: { ok: async () => 1 } });
  await driven(bench.clock, bench.engine.saveWorkflow(context, report({ every: "1h" })));
  await driven(bench.clock, bench.engine.triggers.pause(context, KEY, "stock-taking"));
  await driven(bench.clock, bench.engine.triggers.pause(context, KEY, "again"));
  await bench.crash();
  await bench.clock.advanceTo(T0 + 2.5 * HOUR_MS);
  const paused = { by: "local", reason: "stock-taking", atMs: T0 };
  expect(await view(bench)).toMatchObject({ paused, schedule: { fired: 0, nextAtMs: null } });
  await driven(bench.clock, bench.engine.triggers.resume(context, KEY));
  await bench.clock.advanceTo(T0 + 3 * HOUR_MS);
  expect(await runsOf(bench)).toEqual(["report.schedule.20260101T030000Z"]);
  const marks = await driven(bench.clock, bench.engine.triggers.marks(context, KEY, 10));
  expect(marks).toMatchObject([
    { kind: "fired" },
    {
      kind: "skipped",
      instantMs: T0 + HOUR_MS,
      untilMs: T0 + 2.5 * HOUR_MS,
      reason: "paused by local: stock-taking",
    },
  ]);
});

test("overlap: skip leaves out, queue waits for the end, cancelRunning takes the place", async () => {
  const ends: Record<string, [instants: string[], statuses: string[]]> = {
    skip: [
      ["fired 01:00", "skipped 02:00", "fired 03:00"],
      ["succeeded", "succeeded"],
    ],
    queue: [
      ["fired 01:00", "fired 02:00", "fired 03:00"],
      ["succeeded", "succeeded", "running"],
    ],
    cancelRunning: [
      ["fired 01:00", "fired 02:00", "fired 03:00"],
      ["cancelled", "cancelled", "running"],
    ],
    allow: [
      ["fired 01:00", "fired 02:00", "fired 03:00"],
      ["succeeded", "succeeded", "running"],
    ],
  };
  for (const [overlap, [instants, statuses]] of Object.entries(ends)) {
    await using bench = await openBench();
    const steps = [{ id: "slow", uses: "wait.for", with: { duration: "90m" } }];
    const slow = report({ every: "1h", overlap }, steps as never);
    await driven(bench.clock, bench.engine.saveWorkflow(context, slow));
    await bench.clock.advanceTo(T0 + 3 * HOUR_MS + 1);
    expect([overlap, await marksOf(bench)]).toEqual([
      overlap,
      overlap === "queue" ? instants.slice(0, 2) : instants,
    ]);
    await bench.clock.advanceTo(T0 + 4 * HOUR_MS + (overlap === "queue" ? 60_000 : -1));
    const { items } = await driven(bench.clock, bench.engine.list(context, { limit: 9 }));
    const seen = items.toReversed().map(({ status }) => status.replace("waiting", "running"));
    const wanted = overlap === "skip" ? ["succeeded", "running"] : statuses;
    expect([overlap, seen]).toEqual([overlap, wanted]);
  }
});

test("what a host was not there for is made up for within the window, the rest is missed", async () => {
  await using bench = await openBench({ work: { ok: async () => 1 } });
  const schedule = { every: "1h", overlap: "allow", catchUp: "2h" };
  await driven(bench.clock, bench.engine.saveWorkflow(context, report(schedule)));
  await driven(bench.clock, bench.engine.close(0));
  await bench.clock.advanceTo(T0 + 6.5 * HOUR_MS);
  await bench.crash();
  await bench.clock.settle();
  await bench.clock.advanceBy(1_000);
  expect(await marksOf(bench)).toEqual(["missed 01:00", "fired 05:00", "fired 06:00"]);
  expect((await view(bench)).schedule).toMatchObject({ fired: 2, missed: 4 });
});

test("a start that is refused for good is recorded; one that is refused for now is tried again", async () => {
  let full = false;
  await using bench = await openBench({
    work: { ok: async () => 1 },
    faults: { onCommit: () => (full ? { kind: "unavailable" } : { kind: "none" }) },
  });
  const input = { type: "object", required: ["x"], properties: { x: { type: "number" } } };
  const strict = { ...report({ every: "1h" }), input } as ReturnType<typeof report>;
  await driven(bench.clock, bench.engine.saveWorkflow(context, strict));
  await bench.clock.advanceTo(T0 + HOUR_MS);
  expect(await marksOf(bench)).toEqual(["failed 01:00"]);
  await driven(bench.clock, bench.engine.saveWorkflow(context, report({ every: "1h" })));
  full = true;
  await bench.clock.advanceTo(T0 + 2 * HOUR_MS + 10_000);
  expect(await marksOf(bench)).toEqual(["failed 01:00"]);
  full = false;
  await bench.clock.advanceBy(120_000);
  expect(await marksOf(bench)).toEqual(["failed 01:00", "fired 02:00"]);
  expect((await view(bench)).schedule).toMatchObject({ failed: 1, fired: 1, trouble: null });
});

test("a store that cannot be read is asked again, and nothing is lost", async () => {
  let away = false;
  await using bench = await openBench({
    work: { ok: async () => 1 },
    faults: { onRead: (operation) => (away && operation === "dueTriggers" ? "unavailable" : 0) },
  });
  await driven(bench.clock, bench.engine.saveWorkflow(context, report({ every: "1h" })));
  away = true;
  await bench.clock.advanceTo(T0 + HOUR_MS + 30_000);
  expect(await runsOf(bench)).toEqual([]);
  away = false;
  await bench.clock.advanceBy(61_000);
  expect(await runsOf(bench)).toEqual(["report.schedule.20260101T010000Z"]);
});

test("schedules of the API: made, changed, fired by hand, deleted; a definition's are its own", async () => {
  await using bench = await openBench({ work: { ok: async () => 1 } });
  const { triggers } = bench.engine;
  const own = { workflow: "report", id: "own" };
  const save = (schedule: object) => driven(bench.clock, triggers.save(context, own, schedule));
  await expect(save({ every: "1h" })).rejects.toMatchObject({ code: "workflow_not_found" });
  await driven(bench.clock, bench.engine.saveWorkflow(context, report({ every: "1d" })));
  await expect(save({ every: "1ms" })).rejects.toMatchObject({ code: "request_invalid" });
  const refused: readonly [object, string][] = [
    [{ every: "1h", input: "${{ nope(" }, "The expression does not parse"],
    [{ every: "1h", input: { a: "${{ steps.a.output }}" } }, "`steps` is not there"],
    [{ at: "1999-01-01T00:00Z" }, "all of its instants have passed"],
    [{ every: "1s", until: "2020-01-01" }, "all of its instants have passed"],
  ];
  for (const [schedule, why] of refused)
    await expect(save(schedule)).rejects.toMatchObject({
      code: "request_invalid",
      message: expect.stringContaining(why),
    });
  expect(await save({ every: "1h" })).toMatchObject({ created: true, source: "api" });
  expect(await save({ every: "1h" })).toMatchObject({ created: false });
  await bench.clock.advanceTo(T0 + HOUR_MS);
  await save({ cron: "0 * * * *", timeZone: "Asia/Kolkata" });
  const preview = await driven(bench.clock, triggers.preview(context, own, 2));
  expect(preview.map(({ local }) => local)).toEqual([
    "2026-01-01T07:00:00+05:30",
    "2026-01-01T08:00:00+05:30",
  ]);
  await bench.clock.advanceTo(T0 + 1.5 * HOUR_MS);
  const fire = () => driven(bench.clock, triggers.fire(context, own, "once"));
  expect(await fire()).toMatchObject({ created: true });
  expect(await fire()).toMatchObject({ created: false });
  const manual = await driven(bench.clock, bench.engine.get(context, (await fire()).runId));
  expect(manual?.trigger).toMatchObject({ id: "own", isManual: true });
  await driven(bench.clock, triggers.delete(context, own));
  await bench.clock.advanceTo(T0 + 3 * HOUR_MS);
  expect(await runsOf(bench)).toHaveLength(3);
  const calls: readonly (() => Promise<unknown>)[] = [
    () => triggers.delete(context, KEY),
    () => triggers.save(context, KEY, { every: "1h" }),
  ];
  for (const call of calls)
    await expect(driven(bench.clock, call())).rejects.toMatchObject({ code: "action_refused" });
});

/** What the meter was told, as text. */
function counting() {
  const told: string[] = [];
  const none = () => {};
  const meter: Meter = {
    ...{ runStarted: none, runEnded: none, event: none, attempt: none, commit: none },
    request: none,
    instants: ({ tenant, workflow, outcome, reason }, count) =>
      void told.push([tenant, workflow, outcome, reason, count].join(" ")),
    late: (lateMs) => void told.push(`late ${lateMs}`),
    firingFailed: () => void told.push("failed look"),
    called: (kind, outcome) => void told.push(`${kind} ${outcome}`),
  };
  return { told, meter };
}

test("the meter hears what became of instants, why, and how late they were", async () => {
  const { told, meter } = counting();
  let away = false;
  await using bench = await openBench({
    ...{ meter, work: { ok: async () => 1 } },
    faults: { onRead: (operation) => (away && operation === "dueTriggers" ? "unavailable" : 0) },
  });
  const save = (schedule: object, steps?: never) =>
    driven(bench.clock, bench.engine.saveWorkflow(context, report({ ...schedule }, steps)));
  const slow = [{ id: "slow", uses: "wait.for", with: { duration: "90m" } }] as never;
  await save({ every: "1h", catchUp: "30m" }, slow);
  await bench.clock.advanceTo(T0 + 2 * HOUR_MS);
  expect(told.splice(0)).toEqual([
    "default report fired  1",
    "late 0",
    "default report skipped overlap 1",
  ]);
  await driven(bench.clock, bench.engine.triggers.pause(context, KEY));
  await bench.clock.advanceTo(T0 + 5.5 * HOUR_MS);
  await driven(bench.clock, bench.engine.triggers.resume(context, KEY));
  expect(told.splice(0)).toEqual(["default report skipped paused 3"]);
  expect((await view(bench)).schedule).toMatchObject({ fired: 1, skipped: 4 });
  away = true;
  await bench.clock.advanceTo(T0 + 7.9 * HOUR_MS);
  away = false;
  await bench.clock.advanceTo(T0 + 8 * HOUR_MS);
  expect(told[0]).toBe("failed look");
  expect(told.filter((line) => line !== "failed look")).toEqual([
    "default report missed catch_up 2",
    "default report fired  1",
    "late 0",
  ]);
});

test("F6 a schedule that this release cannot read holds up no other, and fires once it is mended", async () => {
  const { told, meter } = counting();
  await using bench = await openBench({ meter, work: { ok: async () => 1 } });
  await driven(bench.clock, bench.engine.saveWorkflow(context, report({ every: "1h" })));
  const { triggers } = bench.disk.data;
  const row = triggers.find(context.tenant, KEY);
  if (row === null) throw new Error("the schedule is not there");
  const { kind, lookup, spec, source, paused, state } = row;
  const write = (revision: number, text: string, id: string) => {
    const to = { kind, lookup, source, paused, state, spec: text, dueAtMs: T0 + HOUR_MS };
    const change = { workflow: "report", id, revision, marks: [], to };
    return triggers.save(context.tenant, change, bench.clock.nowMs());
  };
  const newer = JSON.stringify({ every: "1h", moonPhase: "full" });
  for (let at = 0; at < 120; at += 1) write(0, newer, `newer-${at}`);
  await bench.clock.advanceTo(T0 + 2 * HOUR_MS + 1_000);
  expect(await runsOf(bench)).toHaveLength(2);
  expect(told.filter((line) => line === "failed look")).toHaveLength(120);
  expect(bench.logs.find(({ level }) => level === "error")).toMatchObject({
    fields: { trigger: "newer-0", workflow: "report" },
    message: "a schedule cannot be read by this release",
  });
  const listed = await driven(bench.clock, bench.engine.triggers.list(context, { limit: 200 }));
  expect(listed.items).toHaveLength(121);
  expect(listed.items.find(({ id }) => id === "newer-0")?.schedule).toMatchObject({
    nextAtMs: null,
    trouble: expect.stringContaining("This release cannot read the schedule"),
  });
  write(1, spec, "newer-7");
  await bench.clock.advanceTo(T0 + 3 * HOUR_MS);
  expect((await runsOf(bench)).filter((id) => id.includes("newer-7"))).toHaveLength(2);
});
