/** decide-schedule.ts, D1 to D4, for any schedule, any clock and runs that end when they like. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decideSchedule,
  jitterShare,
  QUEUE_MAX,
  scheduledRunId,
  upcoming,
} from "#engine/triggers/decide-schedule.ts";
import { newState, type ScheduleState, scheduleOf } from "#engine/triggers/schedule-state.ts";
import type { TriggerMark } from "#ports/triggers.ts";
import { OVERLAPS, type ScheduleTrigger } from "#workflow/trigger-definition.ts";

const NAME = { tenant: "default", workflow: "w", id: "s" };
const read = (spec: ScheduleTrigger) => scheduleOf({ spec: JSON.stringify(spec) });

/** Looks at the schedule at these instants; runs are started at once and end after `lasting` looks. */
function live(spec: ScheduleTrigger, looks: readonly number[], lasting: readonly number[]) {
  const schedule = read(spec);
  let state: ScheduleState = newState(JSON.stringify(spec), 0);
  const started: { readonly instantMs: number; readonly atMs: number }[] = [];
  const marks: TriggerMark[] = [];
  const open = new Map<string, number>();
  let openMost = 0;
  for (const nowMs of looks) {
    for (const [runId, left] of open) {
      if (left <= 1) open.delete(runId);
      else open.set(runId, left - 1);
    }
    for (;;) {
      const running = new Set(open.keys());
      const decided = decideSchedule(NAME, schedule, state, {
        nowMs,
        open: running,
        isPaused: false,
      });
      marks.push(...decided.marks);
      for (const runId of decided.cancel) open.delete(runId);
      const { pending } = decided.state;
      for (const { instantMs, runId } of pending) {
        expect(runId).toBe(scheduledRunId(NAME, instantMs));
        started.push({ instantMs, atMs: nowMs });
        open.set(runId, lasting[started.length % lasting.length] ?? 1);
      }
      openMost = Math.max(openMost, open.size);
      const running2 = pending.map(({ runId }) => runId);
      const isCounted = spec.overlap !== "allow";
      state = {
        ...decided.state,
        pending: [],
        running: isCounted ? [...decided.state.running, ...running2] : [],
      };
      expect(state.queue.length).toBeLessThanOrEqual(QUEUE_MAX);
      if (pending.length === 0 && decided.cancel.length === 0) break;
    }
  }
  return { started, marks, state, openMost };
}

const looksOf = fc
  .array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 25 })
  .map((steps) => {
    let atMs = 0;
    return steps.map((step) => (atMs += step));
  });

test("every instant that was due is fired, waits, was skipped or missed, once and in order", () => {
  const seen = { fired: 0, skipped: 0, missed: 0, waiting: 0 };
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 20_000 }),
      fc.constantFrom(...OVERLAPS),
      fc.integer({ min: 0, max: 30_000 }),
      fc.constantFrom("10s", "1m", "1d"),
      looksOf,
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
      (every, overlap, jitter, catchUp, looks, lasting) => {
        const spec = { every, overlap, jitter, catchUp };
        const { started, marks, state, openMost } = live(spec, looks, lasting);
        const endMs = looks.at(-1) ?? 0;
        const due = upcoming(NAME, read(spec), 0, 10_000).filter(({ dueAtMs }) => dueAtMs <= endMs);
        const missed = marks.filter(({ kind }) => kind === "missed");
        const isMissed = (atMs: number) =>
          missed.some(
            ({ instantMs, untilMs }) => instantMs <= atMs && atMs <= (untilMs ?? instantMs),
          );
        const fates = new Map<number, string>();
        const give = (instantMs: number, fate: string) => {
          expect([instantMs, fates.get(instantMs)]).toEqual([instantMs, undefined]);
          fates.set(instantMs, fate);
        };
        for (const { instantMs } of started) give(instantMs, "fired");
        for (const { kind, instantMs } of marks) if (kind === "skipped") give(instantMs, "skipped");
        for (const instantMs of state.queue) give(instantMs, "waiting");
        for (const { instantMs } of due) if (isMissed(instantMs)) give(instantMs, "missed");
        expect([...fates.keys()].toSorted((a, b) => a - b)).toEqual(
          due.map(({ instantMs }) => instantMs),
        );
        for (const fate of fates.values()) seen[fate as keyof typeof seen] += 1;
        const order = started.map(({ instantMs }) => instantMs);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        if (overlap !== "allow") expect(openMost).toBeLessThanOrEqual(1);
        for (const { instantMs, atMs } of started) expect(atMs).toBeGreaterThanOrEqual(instantMs);
      },
    ),
    { numRuns: 40 },
  );
  for (const [fate, count] of Object.entries(seen)) expect([fate, count > 0]).toEqual([fate, true]);
});

test("jitter is the same everywhere, less than asked for, and never passes the next instant", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 100_000 }),
      fc.integer({ min: 1, max: 200_000 }),
      fc.integer({ min: 0, max: 2e12 }),
      (every, jitter, afterMs) => {
        const found = upcoming(NAME, read({ every, jitter }), afterMs, 20);
        expect(found).toHaveLength(20);
        for (const [at, { instantMs, dueAtMs }] of found.entries()) {
          expect(dueAtMs - instantMs).toBeGreaterThanOrEqual(0);
          expect(dueAtMs - instantMs).toBeLessThan(Math.min(jitter, every));
          expect(dueAtMs).toBeLessThan(found[at + 1]?.dueAtMs ?? Number.POSITIVE_INFINITY);
        }
      },
    ),
    { numRuns: 50 },
  );
  const shares = Array.from({ length: 1_000 }, (_, at) => jitterShare(NAME, at * 1_000));
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  expect(mean).toBeGreaterThan(0.45);
  expect(mean).toBeLessThan(0.55);
  expect(jitterShare({ ...NAME, id: "t" }, 0)).not.toBe(jitterShare(NAME, 0));
});

test("a year away from a schedule of seconds is passed in one look", () => {
  const spec = { every: "1s", catchUp: "1m" };
  const schedule = read(spec);
  const nowMs = 365 * 86_400_000;
  const state = newState(JSON.stringify(spec), 0);
  const now = { nowMs, open: new Set<string>(), isPaused: false };
  const { marks, state: after } = decideSchedule(NAME, schedule, state, now);
  expect(marks[0]).toMatchObject({ kind: "missed", instantMs: 1_000 });
  expect(marks.filter(({ kind }) => kind === "missed")).toHaveLength(1);
  expect(after.pending.map(({ instantMs }) => instantMs)).toEqual([nowMs - 60_000]);
});
