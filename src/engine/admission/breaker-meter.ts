/**
 * A circuit breaker: it stops calling who does not answer.
 *
 *            failureThreshold failures in a row            resetAfter has passed
 *   closed ------------------------------------> open ----------------------------> half-open
 *      ^                                          ^                                    |  one probe
 *      |                                          +------- the probe fails ------------+  at a time
 *      +------------------------------ the probe succeeds -----------------------------+
 *
 *   B1. While open nothing passes; half-open lets one through, and the next once that one has
 *       ended without saying anything (cancelled, lost, refused by its own fault).
 *   B2. While open or half-open only the probe counts: what began before says nothing new.
 *   B3. Without a failure for quietMsOf(resetAfter) a closed breaker forgets its failures, and one
 *       that nobody holds or waits for is forgotten whole, in the store too: keys come and go by
 *       the million.
 *   B4. What is counted here is what the store was told (outcomes are applied after their commit).
 *   B5. Where several hosts share a store, it opens and closes with the store's, whoever told that
 *       (engine/hosts/shared-breakers.ts); failures that are told here count until then.
 */
import type { Gate, SlotClaim } from "./claim.ts";
import type { Line, Meter } from "./line.ts";

const QUIET_MS_MIN = 3_600_000;

/** For how long a failure is remembered without another one. */
export function quietMsOf(resetAfterMs: number): number {
  return Math.max(10 * resetAfterMs, QUIET_MS_MIN);
}

export interface CountedOutcome {
  readonly hasFailed: boolean;
  /** It opened the breaker, or closed it. */
  readonly hasTurned: boolean;
}

export class BreakerMeter implements Meter {
  readonly name: string;
  readonly lines: Line[] = [];
  /** Told of every outcome that counted; null: nobody shares it. */
  onOutcome: ((outcome: CountedOutcome) => void) | null = null;
  readonly #holders = new Set<string>();
  #failures = 0;
  #openedAtMs: number | null = null;
  #resetAfterMs = 0;
  /** Until when the failures stand without another one. */
  #untilMs = 0;
  #probe: string | null = null;

  constructor(name: string) {
    this.name = name;
  }

  get failures(): number {
    return this.#failures;
  }
  /** null: closed. */
  get openedAtMs(): number | null {
    return this.#openedAtMs;
  }
  get isProbing(): boolean {
    return this.#probe !== null;
  }
  get probesAtMs(): number | null {
    return this.#openedAtMs === null ? null : this.#openedAtMs + this.#resetAfterMs;
  }

  room(_gate: Gate, nowMs: number): number {
    const { probesAtMs } = this;
    if (probesAtMs === null) return Number.POSITIVE_INFINITY;
    return this.#probe === null && nowMs >= probesAtMs ? 1 : 0;
  }

  take({ slot }: SlotClaim): void {
    this.#holders.add(slot);
    if (this.#openedAtMs !== null) this.#probe = slot;
  }

  give(slot: string): boolean {
    this.#holders.delete(slot);
    if (this.#probe !== slot) return false;
    this.#probe = null;
    return true;
  }

  isProbe(slot: string): boolean {
    return this.#probe === slot;
  }

  /** What came of an attempt. True: that closed the breaker. */
  outcome(result: {
    readonly isProbe: boolean;
    readonly hasFailed: boolean;
    readonly failureThreshold: number;
    readonly resetAfterMs: number;
    readonly nowMs: number;
  }): boolean {
    if (this.#openedAtMs !== null && !result.isProbe) return false;
    const openedAtMs = this.#openedAtMs;
    if (result.hasFailed) this.#failed(result);
    else {
      this.#failures = 0;
      this.#openedAtMs = null;
    }
    const hasTurned = this.#openedAtMs !== openedAtMs;
    this.onOutcome?.({ hasFailed: result.hasFailed, hasTurned });
    return !result.hasFailed && hasTurned;
  }

  #failed(result: {
    readonly isProbe: boolean;
    readonly failureThreshold: number;
    readonly resetAfterMs: number;
    readonly nowMs: number;
  }): void {
    if (this.#openedAtMs === null && result.nowMs >= this.#untilMs) this.#failures = 0;
    this.#failures++;
    this.#untilMs = result.nowMs + quietMsOf(result.resetAfterMs);
    if (!result.isProbe && this.#failures < result.failureThreshold) return;
    this.#openedAtMs = result.nowMs;
    this.#resetAfterMs = result.resetAfterMs;
  }

  /** Another host's probe has succeeded. */
  closedElsewhere(): void {
    this.#failures = 0;
    this.#openedAtMs = null;
  }

  /** As the store has it; a probe that was under way has ended with its process. */
  restore(state: {
    readonly failures: number;
    readonly openedAtMs: number | null;
    readonly resetAfterMs: number;
    readonly untilMs: number;
  }): void {
    this.#untilMs = state.untilMs;
    this.#failures = state.failures;
    this.#openedAtMs = state.openedAtMs;
    this.#resetAfterMs = state.resetAfterMs;
  }

  freesAtMs(_gate: Gate, ahead: number, nowMs: number): number | null {
    // Who is behind the probe waits for what it says.
    if (ahead > 0 || this.#probe !== null) return null;
    return Math.max(nowMs, this.probesAtMs ?? nowMs);
  }

  isIdle(nowMs: number): boolean {
    if (this.#holders.size > 0) return false;
    return nowMs >= this.#untilMs || (this.#failures === 0 && this.#openedAtMs === null);
  }
}
