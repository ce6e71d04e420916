/**
 * What has come of starts that were decided, in a schedule's state: what is done is no longer pending,
 * and has its mark. Delays are milliseconds.
 */
import type { ErrorCode } from "#errors/errors.ts";
import type { TriggerMark } from "#ports/triggers.ts";
import { dueAtMs, type ScheduleName } from "./decide-schedule.ts";
import type { Tally } from "./meter-triggers.ts";
import type { PendingStart, Schedule, ScheduleState } from "./schedule-state.ts";

const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 60_000;

export type StartOutcome =
  | { readonly kind: "started" }
  | { readonly kind: "failed" | "later"; readonly reason: string; readonly code: ErrorCode };
export type DoneStart = PendingStart & StartOutcome;

export interface RecordedStarts {
  readonly state: ScheduleState;
  readonly marks: TriggerMark[];
  readonly tallies: readonly Tally[];
  /** How long the next start waits that was refused for now; null: none was. */
  readonly retryMs: number | null;
}

export function recordStarts(
  name: ScheduleName,
  schedule: Schedule,
  before: ScheduleState,
  { done, nowMs }: { readonly done: readonly DoneStart[]; readonly nowMs: number },
): RecordedStarts {
  const isCounted = (schedule.spec.overlap ?? "skip") !== "allow";
  const state = { ...before, pending: [...before.pending], running: [...before.running] };
  const marks: TriggerMark[] = [];
  const tallies: Tally[] = [];
  let retryMs: number | null = null;
  for (const one of done) {
    // Another host has said so first.
    if (!state.pending.some(({ runId }) => runId === one.runId)) continue;
    const { instantMs, runId } = one;
    if (one.kind === "later") {
      state.tries += 1;
      state.trouble = one.reason;
      retryMs = backoffMs(state.tries);
      break;
    }
    state.pending = state.pending.filter((start) => start.runId !== runId);
    state.tries = 0;
    state.trouble = null;
    const of = { instantMs, untilMs: null, atMs: nowMs };
    if (one.kind === "failed") {
      state.failed += 1;
      marks.push({ kind: "failed", ...of, runId: null, reason: one.reason });
      tallies.push({ outcome: "failed", reason: one.code, count: 1 });
      continue;
    }
    state.fired += 1;
    state.lastInstantMs = Math.max(state.lastInstantMs ?? instantMs, instantMs);
    state.lastRunId = runId;
    if (isCounted) state.running.push(runId);
    marks.push({ kind: "fired", ...of, runId, reason: null });
    const lateMs = Math.max(0, nowMs - dueAtMs(name, schedule, instantMs));
    tallies.push({ outcome: "fired", reason: "", count: 1, lateMs });
  }
  return { state, marks, tallies, retryMs };
}

/** 1 s to 1 min. */
export function backoffMs(tries: number): number {
  return Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(tries - 1, 10));
}
