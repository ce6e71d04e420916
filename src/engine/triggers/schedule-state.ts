/**
 * What is kept of a schedule between two looks at it: JSON text in the row of ports/triggers.ts.
 * Everything that was decided stands here before it is done, so that any host can go on with it.
 *
 * Instants are epoch milliseconds, and those of the schedule itself (without jitter).
 */
import { z } from "zod";
import type { TriggerRow } from "#ports/triggers.ts";
import { durationMs } from "#workflow/duration.ts";
import { hashText } from "#workflow/hash.ts";
import { type ScheduleTimes, scheduleTimes } from "#workflow/schedule-times.ts";
import { ScheduleTrigger } from "#workflow/trigger-definition.ts";

/** A run that is to be started, and has been unless the host died before it said so. */
const PendingStart = z.object({ instantMs: z.number(), runId: z.string() });
export type PendingStart = z.infer<typeof PendingStart>;

const State = z.object({
  /** The text that the cursor belongs to: another one begins when it was saved. */
  spec: z.string(),
  /** Every instant up to this one is decided. */
  cursorMs: z.number(),
  pending: z.array(PendingStart).default([]),
  /** Instants that wait for an earlier run's end. */
  queue: z.array(z.number()).default([]),
  /** Runs of the schedule that were open when it was looked at; none where overlap is allowed. */
  running: z.array(z.string()).default([]),
  lastInstantMs: z.number().nullable().default(null),
  lastRunId: z.string().nullable().default(null),
  fired: z.number().default(0),
  skipped: z.number().default(0),
  missed: z.number().default(0),
  failed: z.number().default(0),
  /** Starts in a row that a store or a full queue has refused, and what it said. */
  tries: z.number().default(0),
  trouble: z.string().nullable().default(null),
});
export type ScheduleState = z.infer<typeof State>;

/** A schedule that comes to be: what lies before it never fires. */
export function newState(spec: string, nowMs: number): ScheduleState {
  return State.parse({ spec: hashText(spec).slice(0, 16), cursorMs: nowMs });
}

/** What was decided under another text goes on; its instants begin where the new one was saved. */
export function stateOf({ state, spec, changedAtMs }: TriggerRow): ScheduleState {
  const kept = State.parse(JSON.parse(state));
  const now = hashText(spec).slice(0, 16);
  return kept.spec === now
    ? kept
    : { ...kept, spec: now, cursorMs: Math.max(kept.cursorMs, changedAtMs) };
}

/** A schedule as it was written, and when it is due. */
export interface Schedule {
  readonly spec: ScheduleTrigger;
  readonly times: ScheduleTimes;
  /** Starts may be so much late (decide-schedule.ts, D2). */
  readonly jitterMs: number;
}

/** Reading a cron expression takes longer than all else that a look at a schedule does. */
const READ_MAX = 10_000;
const read = new Map<string, Schedule>();

/** Of a row's text. Throws ScheduleFault. */
export function scheduleOf(row: Pick<TriggerRow, "spec">): Schedule {
  let schedule = read.get(row.spec);
  if (schedule === undefined) {
    const spec = ScheduleTrigger.parse(JSON.parse(row.spec));
    schedule = { spec, times: scheduleTimes(spec), jitterMs: durationMs(spec.jitter) ?? 0 };
    if (read.size >= READ_MAX) read.clear();
    read.set(row.spec, schedule);
  }
  return schedule;
}
