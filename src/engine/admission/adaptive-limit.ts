/**
 * How many attempts may run at the same time, between a floor and the configured limit. It follows
 * two signs that more at once would be slower, not faster: attempts of a type take longer than they
 * usually do, and the event loop answers late. Additive increase, multiplicative decrease (Chiu and
 * Jain 1989), as TCP does; what may not start waits in the scheduler's lines, durable and explained.
 *
 *   L1. The limit is never above `max` nor below the floor (a twentieth of `max`, at least 8); a
 *       `max` up to the floor never changes.
 *   L2. It falls only while so much is under way that a lower limit would be felt, by a fifth for
 *       each window; without a sign it rises by a twentieth of `max`, with one it never does.
 *   L3. Windows close when an attempt ends: there is no timer, and an idle engine costs nothing.
 *   L4. "Usual" is a type's own mean over many windows: what is slow by nature, or quick one time and
 *       slow another, is not held to be congestion, and what has become slow for good is accepted in
 *       time. One slow window is chance; it takes two in a row.
 * Times are milliseconds of the monotonic clock.
 */

export type LimitReason = "latency" | "loop_delay";

export interface LimitView {
  readonly now: number;
  readonly max: number;
  /** Why it is below `max`; null: it is not, or is rising again. */
  readonly reason: LimitReason | null;
}

export interface AdaptiveLimitOptions {
  readonly max: number;
  /** How late the event loop has answered at worst since the last call. */
  readonly loopDelayMs: () => number;
  readonly changed: (limit: LimitView) => void;
}

const FLOOR_MIN = 8;
const FLOOR_PART = 20;
const WINDOW_MS = 1_000;
/** Fewer ends than this say nothing about latency. */
const SAMPLES_MIN = 20;
/** Attempts that take less are quick, whatever they usually take: there the clock is the noise. */
const QUICK_MS = 10;
const SLOWER = 2;
const LATE_MS = 100;
const DECREASE = 0.8;
/** Of the difference, in each window: half of it in a minute, and in a quarter of one after a slow time. */
const RISE = 0.01;
const FALL = 0.04;
const SLOW_WINDOWS = 2;
const TYPES_MAX = 1_000;

interface TypePace {
  /** null: it has not been through a window yet. */
  usualMs: number | null;
  /** Of this window. */
  sumMs: number;
  ends: number;
}

export class AdaptiveLimit {
  readonly #options: AdaptiveLimitOptions;
  readonly #floor: number;
  readonly #types = new Map<string, TypePace>();
  #now: number;
  #reason: LimitReason | null = null;
  #windowSinceMs: number | null = null;
  #samples = 0;
  #slowWindows = 0;
  #peak = 0;

  constructor(options: AdaptiveLimitOptions) {
    this.#options = options;
    this.#now = options.max;
    const floor = Math.max(FLOOR_MIN, Math.ceil(options.max / FLOOR_PART));
    this.#floor = Math.min(options.max, floor);
  }

  get view(): LimitView {
    return { now: this.#now, max: this.#options.max, reason: this.#reason };
  }

  /** An attempt of `type` has ended, one of `underWay`. */
  ended(type: string, tookMs: number, at: { readonly underWay: number; readonly nowMs: number }) {
    if (this.#floor === this.#options.max) return;
    this.#samples++;
    this.#count(type, Math.max(tookMs, QUICK_MS));
    if (at.underWay > this.#peak) this.#peak = at.underWay;
    this.#windowSinceMs ??= at.nowMs;
    if (at.nowMs - this.#windowSinceMs >= WINDOW_MS) this.#closeWindow(at.nowMs);
  }

  #count(type: string, tookMs: number): void {
    const pace = this.#types.get(type);
    if (pace !== undefined) {
      pace.sumMs += tookMs;
      pace.ends++;
    } else if (this.#types.size < TYPES_MAX)
      this.#types.set(type, { usualMs: null, sumMs: tookMs, ends: 1 });
  }

  /** Of the window's ends together, with what is usual moved on; 1: as usual, 2: twice as long. */
  #slowness(): number {
    let sum = 0;
    let ends = 0;
    for (const pace of this.#types.values()) {
      if (pace.ends === 0) continue;
      const meanMs = pace.sumMs / pace.ends;
      const usualMs = pace.usualMs ?? meanMs;
      sum += (meanMs / usualMs) * pace.ends;
      ends += pace.ends;
      pace.usualMs = usualMs + (meanMs - usualMs) * (meanMs > usualMs ? RISE : FALL);
      pace.sumMs = 0;
      pace.ends = 0;
    }
    return ends === 0 ? 1 : sum / ends;
  }

  #closeWindow(nowMs: number): void {
    const { max } = this.#options;
    const reason = this.#congestion();
    const next =
      reason === null
        ? Math.min(max, this.#now + Math.ceil(max / FLOOR_PART))
        : this.#peak <= this.#floor
          ? this.#now
          : Math.max(this.#floor, Math.floor(Math.min(this.#now, this.#peak) * DECREASE));
    this.#windowSinceMs = nowMs;
    this.#samples = 0;
    this.#peak = 0;
    if (next === this.#now && reason === this.#reason) return;
    this.#now = next;
    this.#reason = next === max ? null : reason;
    this.#options.changed(this.view);
  }

  #congestion(): LimitReason | null {
    const delayMs = this.#options.loopDelayMs();
    const isSlow =
      this.#slowness() > SLOWER && this.#peak >= this.#now / 2 && this.#samples >= SAMPLES_MIN;
    this.#slowWindows = isSlow ? this.#slowWindows + 1 : 0;
    if (delayMs > LATE_MS) return "loop_delay";
    return this.#slowWindows >= SLOW_WINDOWS ? "latency" : null;
  }
}

/** For people: why attempts wait although the configured limit is not reached. */
export function limitText({ now, max, reason }: LimitView): string | null {
  if (now >= max) return null;
  const why =
    reason === "latency"
      ? "attempts take longer than usual"
      : reason === "loop_delay"
        ? "this process answers late"
        : "rising again after a slow time";
  return `${now} of ${max} at once, ${why}`;
}
