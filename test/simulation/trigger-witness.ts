/**
 * What triggers have come to, judged by what became durable alone: runs, and the marks of schedules.
 *
 *   R1. Each instant from the first one on has one fate: fired, skipped or missed; nothing here fails.
 *   R2. An instant that fired has one run, and a run of a schedule has an instant that fired.
 *   R3. No run begins before its instant, by the clock that counts there.
 *   R4. Unless overlap is allowed, a schedule's run begins after the one before has ended.
 *   R5. An event that was answered has one run where it passes the filter, and none where not.
 */
import type { TriggerOrigin } from "#kernel/run-links.ts";
import type { TriggerMark } from "#ports/triggers.ts";
import type { ScheduleTrigger, Trigger } from "#workflow/trigger-definition.ts";

const EVENT = "thing";

/** What a simulated workflow is triggered by, until `untilMs`; `overlaps` are those of its schedules. */
export function simulatedTriggers(
  untilMs: number,
  schedules: readonly Pick<ScheduleTrigger, "every" | "overlap" | "jitter" | "catchUp">[],
): readonly Trigger[] {
  const until = new Date(untilMs).toISOString();
  return [
    ...schedules.map((schedule, at) => ({ schedule: { id: `s${at}`, until, ...schedule } })),
    { event: { name: EVENT, filter: "trigger.data.n % 2 == 0" } },
  ];
}

export interface BegunRun {
  readonly runId: string;
  readonly trigger: TriggerOrigin;
  /** By the clock that counts, when it was decided. */
  readonly atMs: number;
  /** Instants of any clock that both runs and ends have; null: it has not ended. */
  readonly begunMs: number;
  readonly endedMs: number | null;
}

export class TriggerWitness {
  readonly counts = { fired: 0, skipped: 0, missed: 0, failed: 0, events: 0, filtered: 0 };
  readonly #violate: (what: string) => void;
  /** Of events that were answered. */
  readonly #answered = new Map<string, number>();

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  event(number: number): {
    readonly name: string;
    readonly id: string;
    readonly data: { n: number };
  } {
    return { name: EVENT, id: `event-${number}`, data: { n: number } };
  }

  answered({ id, data }: ReturnType<TriggerWitness["event"]>): void {
    this.#answered.set(id, data.n);
  }

  /** R5. */
  readEvents(runs: readonly BegunRun[]): void {
    const found = new Map<string, number>();
    for (const { trigger } of runs)
      if (trigger.kind === "event") {
        const id = trigger.eventId ?? "";
        found.set(id, (found.get(id) ?? 0) + 1);
      }
    for (const [id, count] of found)
      if (count > 1) this.#violate(`R5 ${id} has started ${count} runs`);
    for (const [id, n] of this.#answered) {
      const isWanted = n % 2 === 0;
      if (found.has(id) !== isWanted)
        this.#violate(`R5 ${id} (n = ${n}) has started ${found.get(id) ?? 0} runs`);
      if (isWanted) this.counts.events++;
      else this.counts.filtered++;
    }
  }

  /** R1 to R4 of one schedule with `every`. `looseMs`: how far the clock that counts may be off. */
  readSchedule(
    { id = "", every, until, overlap = "skip" }: ScheduleTrigger,
    of: {
      readonly marks: readonly TriggerMark[];
      readonly runs: readonly BegunRun[];
      readonly savedAtMs: number;
      readonly looseMs: number;
    },
  ): void {
    const everyMs = Number(every);
    const untilMs = Date.parse(until ?? "");
    const fates = this.#fatesOf(id, of.marks, { everyMs, untilMs });
    const first = Math.min(...fates.keys());
    if (fates.size > 0 && first > of.savedAtMs + everyMs + of.looseMs)
      this.#violate(`R1 ${id} begins late, at ${iso(first)}`);
    for (let atMs = first; atMs < untilMs; atMs += everyMs)
      if (!fates.has(atMs)) this.#violate(`R1 nothing has become of ${id} at ${iso(atMs)}`);
    const mine = of.runs.filter(
      ({ trigger }) => trigger.kind === "schedule" && trigger.id === id && !trigger.isManual,
    );
    const seen = new Set<number>();
    for (const { runId, trigger, atMs } of mine) {
      const instantMs = trigger.instantMs ?? 0;
      if (seen.has(instantMs)) this.#violate(`R2 ${id} has two runs at ${iso(instantMs)}`);
      seen.add(instantMs);
      if (fates.get(instantMs) !== "fired")
        this.#violate(`R2 ${runId} has begun, its instant is ${fates.get(instantMs)}`);
      if (atMs < instantMs - of.looseMs)
        this.#violate(`R3 ${runId} began ${instantMs - atMs} ms before its instant`);
    }
    for (const [atMs, fate] of fates)
      if (fate === "fired" && !seen.has(atMs))
        this.#violate(`R2 ${id} has fired at ${iso(atMs)}, and there is no run`);
    if (overlap !== "allow") this.#readOverlap(id, mine);
  }

  #fatesOf(
    id: string,
    marks: readonly TriggerMark[],
    { everyMs, untilMs }: { readonly everyMs: number; readonly untilMs: number },
  ): ReadonlyMap<number, TriggerMark["kind"]> {
    const fates = new Map<number, TriggerMark["kind"]>();
    for (const mark of marks) {
      const last = Math.min(mark.untilMs ?? mark.instantMs, untilMs - 1);
      for (let atMs = mark.instantMs; atMs <= last; atMs += everyMs) {
        if (fates.has(atMs)) this.#violate(`R1 ${id} has two fates at ${iso(atMs)}`);
        fates.set(atMs, mark.kind);
        if (mark.kind === "failed") this.#violate(`R1 ${id} fails at ${iso(atMs)}: ${mark.reason}`);
        this.counts[mark.kind]++;
      }
    }
    return fates;
  }

  #readOverlap(id: string, runs: readonly BegunRun[]): void {
    // What one commit brought is durable at one instant.
    const sorted = runs.toSorted((a, b) => a.begunMs - b.begunMs || a.atMs - b.atMs);
    for (const [at, { runId, begunMs }] of sorted.entries()) {
      const before = sorted[at - 1];
      if (before !== undefined && (before.endedMs === null || before.endedMs > begunMs))
        this.#violate(`R4 ${id}: ${runId} has begun before ${before.runId} has ended`);
    }
  }
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
