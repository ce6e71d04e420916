/**
 * What one tenant or workflow has used of one thing in the last hour or day, as a sum of minutes: a
 * minute counts while any of it lies in the window, so that never less is counted than was used.
 *
 *   W1. What this host has committed counts at once; what others have, from the last reading on.
 *   W2. A sum is added up anew when a minute leaves the window or others are read, not at each look.
 *
 * Instants are epoch milliseconds, by the clock that hosts share.
 */
import { MINUTE_MS, type MinuteUsage, minuteOf, USAGE_KEPT_MS } from "#ports/usage.ts";
import type { QuotaKind } from "./quota-limits.ts";

export type UsedUp = Pick<MinuteUsage, "steps" | "attemptMs" | "cpuMs">;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What windows there are: the limit's name, what it counts, in which unit, and how people say it. */
export const WINDOW_KINDS = [
  ...windows("steps", 1, ["stepsPerHour", "stepsPerDay"], "steps"),
  ...windows(
    ...(["attemptMs", 1_000, ["attemptSecondsPerHour", "attemptSecondsPerDay"]] as const),
    "seconds of attempts",
  ),
  ...windows(
    ...(["cpuMs", 1_000, ["cpuSecondsPerHour", "cpuSecondsPerDay"]] as const),
    "seconds of processor time",
  ),
];

export interface WindowKind {
  readonly kind: QuotaKind;
  readonly field: keyof UsedUp;
  /** Of the field, in one unit of the limit. */
  readonly unit: number;
  readonly perMs: number;
  readonly what: string;
}

function windows(
  field: keyof UsedUp,
  unit: number,
  [hour, day]: readonly [QuotaKind, QuotaKind],
  what: string,
): readonly WindowKind[] {
  return [
    { kind: hour, field, unit, perMs: HOUR_MS, what: `${what} an hour` },
    { kind: day, field, unit, perMs: DAY_MS, what: `${what} a day` },
  ];
}

/** The minutes of one tenant or workflow. */
export class UsageMinutes {
  readonly #own = new Map<number, UsedUp>();
  readonly #others = new Map<number, UsedUp>();
  #forgottenMs = 0;
  /** Grows when what is there by now cannot be told from what was added. */
  version = 0;
  /** Told of what is added. */
  readonly windows: UsageWindow[] = [];

  /** What this host has committed. */
  add(minuteMs: number, used: UsedUp): void {
    this.#own.set(minuteMs, sumOf(this.#own.get(minuteMs), used));
    for (const window of this.windows) window.added(minuteMs, used);
    if (this.#forgottenMs < minuteMs - HOUR_MS) this.#forget(minuteMs);
  }

  /** What others have committed in a minute, in place of what was known of it. */
  setOthers(minuteMs: number, used: UsedUp): void {
    const known = this.#others.get(minuteMs);
    if (known !== undefined && isSame(known, used)) return;
    this.#others.set(minuteMs, used);
    this.version++;
  }

  /** Of all hosts, from a minute on, in no order. */
  *from(minuteMs: number): Iterable<readonly [minuteMs: number, used: UsedUp]> {
    for (const minutes of [this.#own, this.#others])
      for (const entry of minutes) if (entry[0] >= minuteMs) yield entry;
  }

  #forget(nowMs: number): void {
    this.#forgottenMs = nowMs;
    for (const minutes of [this.#own, this.#others])
      for (const minuteMs of minutes.keys())
        if (minuteMs < nowMs - USAGE_KEPT_MS) minutes.delete(minuteMs);
  }
}

export class UsageWindow {
  readonly of: WindowKind;
  /** `tenant "a"`, `workflow "w"`. */
  readonly subject: string;
  readonly limit: number;
  readonly #minutes: UsageMinutes;
  readonly #nowMs: () => number;
  /** Slots of steps that were granted and are not counted yet. */
  readonly granted = new Set<string>();
  #sum = 0;
  #fromMs = -1;
  #version = -1;
  /** When it has some left again, as long as nothing changes. */
  #frees: {
    readonly used: number;
    readonly fromMs: number;
    readonly version: number;
    readonly atMs: number;
  } | null = null;

  constructor(
    of: WindowKind,
    scope: { readonly subject: string; readonly limit: number; readonly minutes: UsageMinutes },
    nowMs: () => number,
  ) {
    this.of = of;
    this.subject = scope.subject;
    this.limit = scope.limit;
    this.#minutes = scope.minutes;
    this.#nowMs = nowMs;
    scope.minutes.windows.push(this);
  }

  added(minuteMs: number, used: UsedUp): void {
    if (minuteMs >= this.#fromMs) this.#sum += used[this.of.field];
  }

  /** In units of the limit. */
  used(nowMs = this.#nowMs()): number {
    const fromMs = minuteOf(nowMs - this.of.perMs);
    if (fromMs !== this.#fromMs || this.#version !== this.#minutes.version) {
      this.#fromMs = fromMs;
      this.#version = this.#minutes.version;
      this.#sum = 0;
      for (const [, used] of this.#minutes.from(fromMs)) this.#sum += used[this.of.field];
    }
    return this.#sum / this.of.unit;
  }

  /** For how many milliseconds it stays used up; 0: it is not. */
  usedUpForMs(): number {
    const used = this.used();
    if (used < this.limit) return 0;
    // Asked for with each claim that comes to wait: the minutes are gone through once.
    const { version } = this.#minutes;
    const known = this.#frees;
    if (known?.used === used && known.fromMs === this.#fromMs && known.version === version)
      return Math.max(1, known.atMs - this.#nowMs());
    const atMs = this.#freesAtMs(used);
    this.#frees = { used, fromMs: this.#fromMs, version, atMs };
    return Math.max(1, atMs - this.#nowMs());
  }

  #freesAtMs(used: number): number {
    let left = used;
    const byMinute = new Map<number, number>();
    for (const [minuteMs, used] of this.#minutes.from(this.#fromMs))
      byMinute.set(minuteMs, (byMinute.get(minuteMs) ?? 0) + used[this.of.field] / this.of.unit);
    for (const [minuteMs, used] of [...byMinute].sort(([a], [b]) => a - b)) {
      left -= used;
      if (left < this.limit) return minuteMs + MINUTE_MS + this.of.perMs;
    }
    return this.#nowMs() + this.of.perMs;
  }
}

function sumOf(a: UsedUp | undefined, b: UsedUp): UsedUp {
  if (a === undefined) return b;
  return {
    steps: a.steps + b.steps,
    attemptMs: a.attemptMs + b.attemptMs,
    cpuMs: a.cpuMs + b.cpuMs,
  };
}

function isSame(a: UsedUp, b: UsedUp): boolean {
  return a.steps === b.steps && a.attemptMs === b.attemptMs && a.cpuMs === b.cpuMs;
}
