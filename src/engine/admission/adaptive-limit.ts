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
 *   L4. "Usual" is a type's own: it falls at once and rises slowly, so that what is slow by nature is
 *       not held to be congestion, and what has become slow for good is accepted in time.
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
/** Of the difference, once in a window where an end took longer than usual: half of it in a minute. */
const RISE = 0.01;
const TYPES_MAX = 1_000;

export class AdaptiveLimit {
  readonly #options: AdaptiveLimitOptions;
  readonly #floor: number;
  /** By type, with the window in which it last rose. */
  readonly #usual = new Map<string, { ms: number; window: number }>();
  #window = 0;
  #now: number;
  #reason: LimitReason | null = null;
  #windowSinceMs: number | null = null;
  #samples = 0;
  #slowness = 0;
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
    this.#slowness += this.#slownessOf(type, Math.max(tookMs, QUICK_MS));
    if (at.underWay > this.#peak) this.#peak = at.underWay;
    this.#windowSinceMs ??= at.nowMs;
    if (at.nowMs - this.#windowSinceMs >= WINDOW_MS) this.#closeWindow(at.nowMs);
  }

  /** 1: as usual; 2: twice as long. */
  #slownessOf(type: string, tookMs: number): number {
    const usual = this.#usual.get(type);
    if (usual === undefined) {
      if (this.#usual.size < TYPES_MAX) this.#usual.set(type, { ms: tookMs, window: this.#window });
      return 1;
    }
    const slowness = tookMs / usual.ms;
    if (tookMs < usual.ms) usual.ms = tookMs;
    else if (usual.window !== this.#window) {
      usual.ms += (tookMs - usual.ms) * RISE;
      usual.window = this.#window;
    }
    return slowness;
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
    this.#window++;
    this.#windowSinceMs = nowMs;
    this.#samples = 0;
    this.#slowness = 0;
    this.#peak = 0;
    if (next === this.#now && reason === this.#reason) return;
    this.#now = next;
    this.#reason = next === max ? null : reason;
    this.#options.changed(this.view);
  }

  #congestion(): LimitReason | null {
    const delayMs = this.#options.loopDelayMs();
    if (delayMs > LATE_MS) return "loop_delay";
    if (this.#peak < this.#now / 2 || this.#samples < SAMPLES_MIN) return null;
    return this.#slowness / this.#samples > SLOWER ? "latency" : null;
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
