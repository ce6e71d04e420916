/** Rows of steps, folded from a journal: what each event makes of its row, and whose step a path is. */
import { describe, expect, test } from "vitest";
import type { RunEvent } from "#kernel/events.ts";
import { StepHistory, type StepRow, stepOfPath } from "#kernel/history.ts";
import type { Step } from "#workflow/definition.ts";
import { planOf } from "./kernel-driver.ts";

const work = (id: string, more: Record<string, unknown> = {}): Step =>
  ({ id, uses: "work", with: { value: 1 }, ...more }) as unknown as Step;

const plan = planOf({
  steps: [
    work("a"),
    { id: "each", uses: "for_each", with: { items: [1] }, steps: [work("b")] },
    {
      id: "p",
      uses: "parallel",
      branches: { left: { steps: [work("c")] }, right: { steps: [work("d", { uses: "value" })] } },
    },
    {
      id: "t",
      uses: "try",
      steps: [work("e")],
      catch: [
        { errors: ["x"], steps: [work("f")] },
        { errors: ["y"], steps: [work("g", { uses: "value" })] },
      ],
      finally: [work("h")],
    },
    {
      id: "s",
      uses: "saga",
      steps: [work("i", { compensate: [work("undo")] }), work("k")],
    },
  ] as unknown as Step[],
  finally: [work("last")],
} as never);

/** The one row after these events, at 10, 20, 30 ... ms and of sequence 1, 2, 3 ... */
function rowAfter(...events: readonly object[]): Partial<StepRow> {
  const history = new StepHistory(plan);
  for (const [at, event] of events.entries())
    history.add({ path: "a", ...event } as unknown as RunEvent, at + 1, (at + 1) * 10);
  const [row, ...others] = history.rows();
  expect(others).toEqual([]);
  return row ?? {};
}

const FRESH: StepRow = {
  path: "a",
  id: "a",
  uses: "work",
  status: "waiting",
  attempts: 0,
  output: { v: null },
  error: null,
  startedAtMs: null,
  endedAtMs: null,
  memo: null,
  inner: false,
};

const error = { code: "busy", message: "busy", retryable: true };
const scheduled = { type: "step.scheduled", attempt: 1 };
const started = { type: "step.started", attempt: 1 };

describe("a row", () => {
  test("of a step that is scheduled, starts, and succeeds", () => {
    expect(rowAfter(scheduled)).toEqual(FRESH);
    const running = { ...FRESH, status: "running", attempts: 1, startedAtMs: 20 };
    expect(rowAfter(scheduled, started)).toEqual(running);
    const done = { type: "step.succeeded", output: 5 };
    expect(rowAfter(scheduled, started, done)).toEqual({
      ...running,
      status: "succeeded",
      endedAtMs: 30,
      output: { v: 5 },
    });
    expect(rowAfter(done)).toEqual({
      ...FRESH,
      status: "succeeded",
      attempts: 1,
      startedAtMs: 10,
      endedAtMs: 10,
      output: { v: 5 },
    });
    const long = "x".repeat(400);
    expect(rowAfter({ type: "step.succeeded", output: long }).output).toMatchObject({
      at: 1,
      f: "output",
    });
    const outputRef = { at: 3, f: "input" };
    expect(rowAfter({ type: "step.succeeded", outputRef }).output).toEqual(outputRef);
  });

  test("of attempts that fail, are lost and repeated", () => {
    const retry = { type: "step.retry_scheduled", attempt: 2, error };
    expect(rowAfter(started, retry)).toEqual({
      ...FRESH,
      status: "retrying",
      attempts: 1,
      startedAtMs: 10,
      error,
    });
    const again = { type: "step.started", attempt: 2 };
    expect(rowAfter(started, retry, again)).toEqual({
      ...FRESH,
      status: "running",
      attempts: 2,
      startedAtMs: 10,
      error,
    });
    expect(rowAfter(started, retry, again, { type: "step.succeeded", output: 1 })).toMatchObject({
      status: "succeeded",
      error: null,
      attempts: 2,
      endedAtMs: 40,
    });
    expect(rowAfter(started, { type: "step.failed", error, output: 1 })).toEqual({
      ...FRESH,
      status: "failed",
      attempts: 1,
      startedAtMs: 10,
      endedAtMs: 20,
      error,
      output: { v: 1 },
    });
    expect(rowAfter({ type: "step.failed", error })).toMatchObject({
      attempts: 1,
      startedAtMs: 10,
    });
    expect(rowAfter(started, { type: "step.lost", attempt: 1 })).toMatchObject({
      status: "waiting",
      attempts: 1,
    });
  });

  test("of a step that waits, for a child too", () => {
    const waiting = { ...FRESH, attempts: 1, startedAtMs: 10 };
    expect(rowAfter({ type: "step.waiting" })).toEqual(waiting);
    expect(rowAfter({ type: "child.started" })).toEqual(waiting);
    expect(rowAfter({ type: "step.started", attempt: 3 }, { type: "step.waiting" })).toEqual({
      ...waiting,
      attempts: 3,
    });
    expect(rowAfter({ type: "step.waiting" }, { type: "child.started" }).startedAtMs).toBe(10);
  });

  test("of a step that never ran", () => {
    for (const status of ["skipped", "blocked", "cancelled"])
      expect(rowAfter({ type: `step.${status}` })).toEqual({ ...FRESH, status, endedAtMs: 10 });
  });

  test("says how far an attempt is, as long as it is under way", () => {
    const half = { fraction: 0.5 };
    const beat = { type: "step.heartbeat", progress: half };
    expect(rowAfter(started, beat)).toMatchObject({ progress: half });
    expect(rowAfter(started, beat, { type: "step.heartbeat" })).toMatchObject({ progress: half });
    for (const after of [
      { type: "step.started", attempt: 2 },
      { type: "step.retry_scheduled", attempt: 2, error },
      { type: "step.lost", attempt: 1 },
      { type: "step.succeeded", output: 1 },
      { type: "step.cancelled" },
    ])
      expect(rowAfter(started, beat, after)).not.toHaveProperty("progress");
  });

  test("of a remembered result has no attempt of its own", () => {
    const from = { runId: "other", path: "a", seq: 3 };
    const hit = { type: "step.memo_hit", from };
    expect(rowAfter(hit, { type: "step.succeeded", output: 1 })).toMatchObject({
      memo: from,
      attempts: 0,
      startedAtMs: 20,
    });
  });

  test("is made by what is about a step, once", () => {
    const history = new StepHistory(plan);
    history.add({ type: "scope.opened", path: "each[0]" } as unknown as RunEvent, 1, 10);
    history.add({ type: "run.paused" } as unknown as RunEvent, 2, 20);
    history.add({ type: "step.heartbeat" } as unknown as RunEvent, 3, 30);
    expect(history.rows()).toEqual([]);
    const declared = { type: "step.declared", path: "x", step: { id: "x", uses: "http.request" } };
    history.add(declared as unknown as RunEvent, 4, 40);
    history.add(
      { type: "step.scheduled", path: "b[0].y", attempt: 1 } as unknown as RunEvent,
      5,
      50,
    );
    history.add({ type: "step.started", path: "x", attempt: 1 } as unknown as RunEvent, 6, 60);
    expect(history.rows().map(({ path, id, uses, inner }) => [path, id, uses, inner])).toEqual([
      ["x", "x", "http.request", false],
      ["b[0].y", "y", "", true],
    ]);
  });
});

test.each([
  ["a", "a", false],
  ["each", "each", false],
  ["each[3].b", "b", true],
  ["p.left.c", "c", true],
  ["p.right.d", "d", true],
  ["t.e", "e", true],
  ["t#2.e", "e", true],
  ["t.catch.f", "f", true],
  ["t.catch.g", "g", true],
  ["t.finally.h", "h", true],
  ["s.i", "i", true],
  ['s.compensate["s.i"].undo', "undo", true],
  ["finally.last", "last", false],
])("%s is an instance of step %s", (path, id, inner) => {
  expect(stepOfPath(plan, path)?.id).toBe(id);
  const history = new StepHistory(plan);
  history.add({ type: "step.skipped", path } as unknown as RunEvent, 1, 10);
  expect(history.rows()[0]).toMatchObject({ path, id, inner });
});

test.each([
  "nowhere",
  "each[3].c",
  "p.left.d",
  "p.middle.c",
  "t.catch.h",
  "a.b",
  'a.compensate["s.i"].undo',
  's.compensate["s.k"].undo',
  's.compensate["nowhere"].undo',
  "s.compensate.undo",
  "finally.a",
  "a[",
])("%s is no step of the plan", (path) => {
  expect(stepOfPath(plan, path)).toBeNull();
});
