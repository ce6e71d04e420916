/**
 * Fires schedules: looks at what is due, decides (decide-schedule.ts), saves the decision and does it.
 *
 *   F1. A decision is saved before anything of it is done, by whoever saw the newest revision; so of
 *       many hosts one decides, and any can go on where another died.
 *   F2. A start that was decided is made until it is: its run id follows from the instant, and a run
 *       that is there already is the start of another host, or of this one before it died. The host
 *       that has decided is given a few seconds to make it before the others do.
 *   F3. What a start is refused for now (a full queue, a store that is away) is tried again with
 *       backoff, 1 s to 1 min; what it is refused for always is recorded, and the schedule goes on.
 *   F4. The wake is armed at most a minute ahead, and looks at the clock again: a machine that slept,
 *       or a clock that was set, is noticed within the minute.
 *   F5. Nothing is armed while no trigger will ever be due, unless other hosts may make one.
 *   F6. A schedule that this host cannot read (a newer release wrote it) holds up no other one, and
 *       is left to whoever can until somebody changes it.
 */
import { ERRORS, LockstitchError } from "#errors/errors.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Meter } from "#ports/meter.ts";
import type { TriggerKey, TriggerRow, Triggers } from "#ports/triggers.ts";
import type { ScheduleTrigger } from "#workflow/trigger-definition.ts";
import type { Engine } from "../engine.ts";
import { type Decided, decideSchedule } from "./decide-schedule.ts";
import { meterInstants } from "./meter-triggers.ts";
import { backoffMs, type DoneStart, recordStarts, type StartOutcome } from "./record-starts.ts";
import { type PendingStart, type ScheduleState, scheduleOf, stateOf } from "./schedule-state.ts";
import { inputOf } from "./trigger-input.ts";

const ARM_MS_MAX = 60_000;
const DUE_PER_LOOK = 100;
/** A host that has decided on starts makes them; past this, others do it as well (F2). */
const CLAIM_MS = 5_000;
/** How soon a schedule is looked at again that is due and cannot be read (F6). */
const FAULTY_MS = 1_000;
const FAULTY_MAX = 1_000;
/** Turns of deciding and doing for one schedule, after which the others come first. */
const TURNS_MAX = 20;

export interface FiringParts {
  readonly triggers: Triggers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter?: Meter | undefined;
  readonly engine: Pick<Engine, "start" | "get" | "wait" | "cancel">;
  /** How often to look at what other hosts have changed; null: there are none. */
  readonly pollMs: number | null;
}

export class ScheduleFiring {
  readonly #parts: FiringParts;
  readonly #stopped = new AbortController();
  readonly #watched = new Set<string>();
  /** Schedules that are being looked at. */
  readonly #busy = new Map<string, Promise<void>>();
  #cancelWake = () => {};
  #looking: Promise<void> | null = null;
  #isAskedAgain = false;
  #failures = 0;
  /** Names and revisions of schedules that cannot be read here. */
  readonly #faulty = new Set<string>();

  constructor(parts: FiringParts) {
    this.#parts = parts;
  }

  /** Looks now: at the start, and after whatever may have changed what is due. */
  look(): void {
    if (this.#isStopped) return;
    if (this.#looking !== null) {
      this.#isAskedAgain = true;
      return;
    }
    this.#cancelWake();
    this.#looking = this.#round().finally(() => {
      this.#looking = null;
      if (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        this.look();
      }
    });
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#cancelWake();
    await this.#looking;
    await Promise.allSettled(this.#busy.values());
  }

  /** Schedules that are being looked at, or wait for it. */
  get due(): number {
    return this.#busy.size;
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #round(): Promise<void> {
    const { triggers, clock, logger, meter } = this.#parts;
    try {
      for (;;) {
        const limit = DUE_PER_LOOK + this.#faulty.size;
        const rows = await triggers.due(clock.nowMs(), limit);
        await Promise.all(rows.map((row) => this.#work(row)));
        if (rows.length < limit || this.#isStopped) break;
      }
      const nextMs = await triggers.nextDueAtMs();
      this.#failures = 0;
      const leastMs = this.#faulty.size > 0 ? FAULTY_MS : 0;
      if (nextMs !== null) this.#arm(Math.max(nextMs - clock.nowMs(), leastMs));
      else if (this.#parts.pollMs !== null) this.#arm(ARM_MS_MAX);
    } catch (error) {
      if (this.#isStopped) return;
      this.#failures += 1;
      meter?.firingFailed();
      const waitMs = Math.min(backoffMs(this.#failures), this.#parts.pollMs ?? ARM_MS_MAX);
      logger.warn({ error: String(error), waitMs }, "schedules cannot be looked at; trying again");
      this.#arm(waitMs);
    }
  }

  #arm(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancelWake();
    const capped = Math.min(Math.max(delayMs, 0), this.#parts.pollMs ?? ARM_MS_MAX);
    this.#cancelWake = this.#parts.clock.after(capped, () => this.look());
  }

  /** One at a time for each schedule. Rejects with what the store fails with. */
  async #work(row: TriggerRow): Promise<void> {
    const name = `${row.tenant}\n${row.workflow}\n${row.id}`;
    if (this.#faulty.has(`${name}\n${row.revision}`)) return;
    const before = this.#busy.get(name);
    const work = (before ?? Promise.resolve()).catch(ignoreBefore).then(() => this.#readable(row));
    this.#busy.set(name, work);
    try {
      await work;
    } finally {
      if (this.#busy.get(name) === work) this.#busy.delete(name);
    }
  }

  /** F6. */
  async #readable(row: TriggerRow): Promise<void> {
    try {
      await this.#turns(row);
    } catch (error) {
      if (error instanceof LockstitchError) throw error;
      const { tenant, workflow, id, revision } = row;
      if (this.#faulty.size >= FAULTY_MAX) this.#faulty.clear();
      this.#faulty.add(`${tenant}\n${workflow}\n${id}\n${revision}`);
      this.#parts.meter?.firingFailed();
      const fields = { tenant, workflow, trigger: id, error: String(error) };
      this.#parts.logger.error(fields, "a schedule cannot be read by this release");
    }
  }

  async #turns(given: TriggerRow): Promise<void> {
    let row: TriggerRow | null = given;
    let done: readonly DoneStart[] = [];
    for (let turn = 0; row !== null && turn < TURNS_MAX && !this.#isStopped; turn += 1) {
      const { decided, isSaved, again }: Turn = await this.#turn(row, done);
      done = [];
      row = await this.#parts.triggers.find(contextOf(row), row);
      if (row === null) return;
      if (!isSaved) {
        // Somebody else has decided: what is due later is theirs.
        if (row.dueAtMs === null || row.dueAtMs > this.#parts.clock.nowMs()) return;
        continue;
      }
      if (again) return;
      for (const runId of decided.cancel) await this.#cancelRun(row, runId);
      this.#watch(row, decided.state);
      if (decided.state.pending.length === 0) return;
      done = await this.#startAll(row, decided.state.pending);
    }
  }

  /** What was done, and what comes of the instants that are due, in one write. */
  async #turn(row: TriggerRow, done: readonly DoneStart[]): Promise<Turn> {
    const { triggers, clock, meter } = this.#parts;
    const schedule = scheduleOf(row);
    const nowMs = clock.nowMs();
    const recorded = recordStarts(row, schedule, stateOf(row), { done, nowMs });
    const { marks, retryMs } = recorded;
    const open = await this.#openOf(row, recorded.state.running);
    const now = { nowMs, open, isPaused: row.paused !== null };
    const decided = decideSchedule(row, schedule, recorded.state, now);
    const dueAtMs = retryMs === null ? this.#dueAtMs(decided, nowMs) : nowMs + retryMs;
    const { kind, lookup, spec, source, paused } = row;
    const text = JSON.stringify(decided.state);
    if (text === row.state && dueAtMs === row.dueAtMs && marks.length === 0)
      return { decided, isSaved: true, again: retryMs !== null };
    const isSaved = await triggers.save(contextOf(row), {
      ...{ workflow: row.workflow, id: row.id, revision: row.revision },
      to: { kind, lookup, spec, source, paused, state: text, dueAtMs },
      marks: [...marks, ...decided.marks],
    });
    if (isSaved) meterInstants(meter, row, [...recorded.tallies, ...decided.tallies]);
    return { decided, isSaved, again: retryMs !== null };
  }

  /** Where there are other hosts, what this one is about to start is its own for a while. */
  #dueAtMs({ state, dueAtMs }: Decided, nowMs: number): number | null {
    const isShared = this.#parts.pollMs !== null;
    return isShared && state.pending.length > 0 ? nowMs + CLAIM_MS : dueAtMs;
  }

  async #openOf(row: TriggerRow, runIds: readonly string[]): Promise<ReadonlySet<string>> {
    const open = new Set<string>();
    for (const runId of runIds) {
      const run = await this.#parts.engine.get(contextOf(row), runId);
      // One that is gone was over.
      if (run !== null && run.endedAtMs === null) open.add(runId);
    }
    return open;
  }

  async #startAll(
    row: TriggerRow,
    pending: readonly PendingStart[],
  ): Promise<readonly DoneStart[]> {
    const done: DoneStart[] = [];
    for (const start of pending) {
      const outcome = await this.#start(row, start);
      done.push({ ...start, ...outcome });
      if (outcome.kind === "later") break;
    }
    return done;
  }

  async #start(row: TriggerRow, { instantMs, runId }: PendingStart): Promise<StartOutcome> {
    const { engine, logger } = this.#parts;
    try {
      await engine.start(contextOf(row), {
        workflow: row.workflow,
        id: runId,
        input: scheduledInput(row, scheduleOf(row).spec, instantMs),
        trigger: { kind: "schedule", id: row.id, instantMs },
      });
      return { kind: "started" };
    } catch (error) {
      // F2: it is there already, from before a crash or by another host.
      if (error instanceof LockstitchError && error.code === "run_exists")
        return { kind: "started" };
      const reason = error instanceof Error ? error.message : String(error);
      const { workflow, id, tenant } = row;
      logger.warn({ tenant, workflow, trigger: id, runId, reason }, "a scheduled run cannot start");
      const code = error instanceof LockstitchError ? error.code : "internal";
      return { kind: isForGood(error) ? "failed" : "later", reason, code };
    }
  }

  async #cancelRun(row: TriggerRow, runId: string): Promise<void> {
    const reason = `schedule ${row.id}: a later instant takes its place (overlap: cancelRunning)`;
    await this.#parts.engine.cancel(contextOf(row), runId, reason).catch((error: unknown) => {
      // It has ended meanwhile, which is what was asked for.
      if (!isForGood(error)) throw error;
    });
  }

  /** Where instants wait for a run, its end is looked at when it comes. */
  #watch(row: TriggerRow, state: ScheduleState): void {
    if (state.queue.length === 0) return;
    for (const runId of state.running) {
      const name = `${row.tenant}\n${runId}`;
      if (this.#watched.has(name)) continue;
      this.#watched.add(name);
      const { signal } = this.#stopped;
      void this.#parts.engine
        .wait(contextOf(row), runId, Number.POSITIVE_INFINITY, signal)
        // A run that cannot be asked for is looked at again within the minute.
        .catch(() => null)
        .then(() => {
          this.#watched.delete(name);
          if (!this.#isStopped) void this.#lookAt(row).catch(() => this.look());
        });
    }
  }

  async #lookAt(key: TriggerKey & Pick<TriggerRow, "tenant">): Promise<void> {
    const row = await this.#parts.triggers.find(contextOf(key), key);
    if (row !== null) await this.#work(row);
    this.look();
  }
}

interface Turn {
  readonly decided: Decided;
  readonly isSaved: boolean;
  /** What was to be started is tried again later. */
  readonly again: boolean;
}

/** The run's input at an instant. Throws input_invalid. */
export function scheduledInput(
  { workflow, id }: TriggerKey,
  schedule: ScheduleTrigger,
  instantMs: number,
): unknown {
  const trigger = {
    ...{ kind: "schedule", id, scheduledAt: new Date(instantMs).toISOString() },
    timeZone: schedule.timeZone ?? "UTC",
  };
  return inputOf({ workflow, id, trigger }, schedule.input, {});
}

export function contextOf({ tenant, id }: { readonly tenant: string; readonly id: string }) {
  return { tenant, principal: `schedule:${id}`, trace: null };
}

/** Whether the answer will be the same however often it is asked. */
function isForGood(error: unknown): boolean {
  if (!(error instanceof LockstitchError)) return false;
  const { retry, httpStatus } = ERRORS[error.code];
  return retry === "never" && httpStatus < 500;
}

/** The turn before has told its own caller. */
function ignoreBefore(): void {}
