/**
 * What becomes of a schedule's instants: a pure function of its state, the time and which of its runs
 * are open. The caller saves what was decided before it does any of it (fire-schedules.ts).
 *
 *   D1. Each instant is decided once, in order: fired, kept waiting, skipped or missed.
 *   D2. An instant is due when its time plus its jitter has come. The jitter follows from schedule and
 *       instant, is less than asked for, and never passes the next instant.
 *   D3. What is older than the catch-up window is missed, and recorded as one range.
 *   D4. Unless overlap is allowed, a run is decided on only while no other of the schedule is open or
 *       about to be. `queue` keeps QUEUE_MAX instants in order; `cancelRunning` keeps the newest.
 *
 *               due                      no run open
 *   instant ---------> decided: pending ------------> started      skip, a full queue: skipped
 *                        |       ^                                 late by more than catchUp: missed
 *                        v       | run ended
 *                       queue ---+
 */
import type { InstantReason } from "#ports/meter.ts";
import type { TriggerMark } from "#ports/triggers.ts";
import { durationMs } from "#workflow/duration.ts";
import { hashJson } from "#workflow/hash.ts";
import type { ScheduleTimes } from "#workflow/schedule-times.ts";
import type { Overlap } from "#workflow/trigger-definition.ts";
import type { Tally } from "./meter-triggers.ts";
import type { Schedule, ScheduleState } from "./schedule-state.ts";

export const CATCH_UP_MS_DEFAULT = 86_400_000;
/** Instants that wait at most (overlap: queue). */
export const QUEUE_MAX = 100;
/** Instants that are decided in one go, so that one schedule never holds up the others. */
const DECIDED_MAX = 100;
/** Missed instants that are counted one by one. */
const MISSED_COUNTED_MAX = 1_000;
/** How soon to look again at runs whose end some other host may have seen. */
const LOOK_AGAIN_MS = 60_000;

/** Who the schedule is, which its jitter and run ids follow from. */
export interface ScheduleName {
  readonly tenant: string;
  readonly workflow: string;
  readonly id: string;
}

export interface Decided {
  readonly state: ScheduleState;
  readonly marks: readonly TriggerMark[];
  /** What the marks say, for the meter. */
  readonly tallies: readonly Tally[];
  /** Open runs that the next one takes the place of. */
  readonly cancel: readonly string[];
  readonly dueAtMs: number | null;
}

interface Now {
  readonly nowMs: number;
  /** Of `state.running`, those that are still open. */
  readonly open: ReadonlySet<string>;
  readonly isPaused: boolean;
}

export function decideSchedule(
  name: ScheduleName,
  schedule: Schedule,
  before: ScheduleState,
  now: Now,
): Decided {
  const decision = new Decision(name, schedule, before, now);
  if (!now.isPaused) decision.takeInstants();
  return decision.result();
}

class Decision {
  readonly #name: ScheduleName;
  readonly #schedule: Schedule;
  readonly #times: ScheduleTimes;
  readonly #overlap: Overlap;
  readonly #earliestMs: number;
  readonly #now: Now;
  readonly #state: ScheduleState;
  readonly #marks: TriggerMark[] = [];
  readonly #tallies: Tally[] = [];
  readonly #cancel = new Set<string>();
  /** There may be more that is due. */
  #isCut = false;

  constructor(name: ScheduleName, schedule: Schedule, before: ScheduleState, now: Now) {
    const { spec, times } = schedule;
    this.#name = name;
    this.#schedule = schedule;
    this.#times = times;
    this.#overlap = spec.overlap ?? "skip";
    this.#earliestMs = now.nowMs - (durationMs(spec.catchUp) ?? CATCH_UP_MS_DEFAULT);
    this.#now = now;
    this.#state = {
      ...before,
      pending: [...before.pending],
      queue: [...before.queue],
      running: before.running.filter((runId) => now.open.has(runId)),
    };
  }

  takeInstants(): void {
    const state = this.#state;
    this.#passMissed();
    for (let taken = 0; ; taken += 1) {
      const instantMs = this.#times.next(state.cursorMs);
      if (instantMs === null || this.#dueAtMs(instantMs) > this.#now.nowMs) break;
      if (taken === DECIDED_MAX) {
        this.#isCut = true;
        break;
      }
      this.#take(instantMs);
      state.cursorMs = instantMs;
    }
    this.#takeQueued();
  }

  #take(instantMs: number): void {
    const state = this.#state;
    const isBusy = state.running.length + state.pending.length + state.queue.length > 0;
    if (this.#overlap === "allow" || !isBusy) return this.#fire(instantMs);
    if (this.#overlap === "skip") {
      const runId = state.running[0] ?? state.pending[0]?.runId ?? null;
      return this.#skip("overlap", instantMs, `run ${runId} is still open`, runId);
    }
    if (this.#overlap === "queue") {
      if (state.queue.length >= QUEUE_MAX)
        return this.#skip("queue_full", instantMs, `${QUEUE_MAX} instants wait already`, null);
      state.queue.push(instantMs);
      return;
    }
    for (const older of state.queue.splice(0))
      this.#skip("replaced", older, "a later instant takes its place", null);
    state.queue.push(instantMs);
    for (const runId of state.running) this.#cancel.add(runId);
  }

  /** The next that waits, once nothing is in its way. */
  #takeQueued(): void {
    const { running, pending, queue } = this.#state;
    if (running.length + pending.length > 0) return;
    const next = queue.shift();
    if (next !== undefined) this.#fire(next);
  }

  #fire(instantMs: number): void {
    this.#state.pending.push({ instantMs, runId: scheduledRunId(this.#name, instantMs) });
  }

  #skip(why: InstantReason, instantMs: number, reason: string, runId: string | null): void {
    this.#state.skipped += 1;
    this.#tallies.push({ outcome: "skipped", reason: why, count: 1 });
    const atMs = this.#now.nowMs;
    this.#marks.push({ kind: "skipped", instantMs, untilMs: null, runId, reason, atMs });
  }

  /** D3: one mark, however many there are. */
  #passMissed(): void {
    const state = this.#state;
    let first: number | null = null;
    let last = 0;
    let count = 0;
    for (;;) {
      const instantMs = this.#times.next(state.cursorMs);
      if (instantMs === null || this.#dueAtMs(instantMs) >= this.#earliestMs) break;
      first ??= instantMs;
      last = instantMs;
      count += 1;
      // Beyond, nobody counts: a schedule of seconds may have been away for a year.
      state.cursorMs =
        count < MISSED_COUNTED_MAX
          ? instantMs
          : Math.max(instantMs, this.#earliestMs - this.#schedule.jitterMs - 1);
    }
    if (first === null) return;
    state.missed += count;
    this.#tallies.push({ outcome: "missed", reason: "catch_up", count });
    const isMany = count >= MISSED_COUNTED_MAX;
    const reason = `no host was there in time (${isMany ? "more than " : ""}${count} instant${count === 1 ? "" : "s"})`;
    const untilMs = count === 1 ? null : Math.max(last, isMany ? state.cursorMs : last);
    const atMs = this.#now.nowMs;
    this.#marks.push({ kind: "missed", instantMs: first, untilMs, runId: null, reason, atMs });
  }

  #dueAtMs(instantMs: number): number {
    return dueAtMs(this.#name, this.#schedule, instantMs);
  }

  result(): Decided {
    const state = this.#state;
    const next = this.#times.next(state.cursorMs);
    const waits: number[] = [];
    if (state.pending.length > 0 || this.#isCut) waits.push(this.#now.nowMs);
    if (!this.#now.isPaused) {
      if (next !== null) waits.push(this.#dueAtMs(next));
      if (state.queue.length > 0) waits.push(this.#now.nowMs + LOOK_AGAIN_MS);
    }
    return {
      state,
      marks: this.#marks,
      tallies: this.#tallies,
      cancel: [...this.#cancel],
      dueAtMs: waits.length === 0 ? null : Math.min(...waits),
    };
  }
}

/**
 * The run of an instant: the same on every host, so that the start is the claim. Neither name has a
 * dot; run ids belong to a tenant already.
 */
export function scheduledRunId({ workflow, id }: ScheduleName, instantMs: number): string {
  const at = new Date(instantMs).toISOString().replaceAll(/[-:]/g, "").replace(".000Z", "Z");
  return `${workflow}.${id}.${at}`;
}

/** From 0 to less than 1: the same wherever it is computed. */
export function jitterShare({ tenant, workflow, id }: ScheduleName, instantMs: number): number {
  return Number.parseInt(hashJson([tenant, workflow, id, instantMs]).slice(0, 12), 16) / 16 ** 12;
}

/** When the instants after `afterMs` are due, jitter included. */
export function upcoming(
  name: ScheduleName,
  schedule: Schedule,
  afterMs: number,
  count: number,
): { readonly instantMs: number; readonly dueAtMs: number }[] {
  const found: { instantMs: number; dueAtMs: number }[] = [];
  for (let at = afterMs; found.length < count; ) {
    const instantMs = schedule.times.next(at);
    if (instantMs === null) break;
    found.push({ instantMs, dueAtMs: dueAtMs(name, schedule, instantMs) });
    at = instantMs;
  }
  return found;
}

/** When an instant of the schedule is due (D2). */
export function dueAtMs(name: ScheduleName, schedule: Schedule, instantMs: number): number {
  const { jitterMs, times } = schedule;
  if (jitterMs === 0) return instantMs;
  const next = times.next(instantMs);
  const roomMs = next === null ? jitterMs : Math.min(jitterMs, next - instantMs);
  return instantMs + Math.floor(jitterShare(name, instantMs) * roomMs);
}
