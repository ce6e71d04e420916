/**
 * Where a claim waits, for explain: at which gate, behind how many, and for how long about. For
 * rate limits and breakers the forecast is exact, else it follows from how fast the line moved.
 */
import type { Clock } from "#ports/clock.ts";
import { type LimitView, limitText } from "./adaptive-limit.ts";
import { BreakerMeter } from "./breaker-meter.ts";
import type { Gate } from "./claim.ts";
import type { Line } from "./line.ts";
import type { Scheduler } from "./scheduler.ts";

export interface SlotWait {
  readonly gate: Gate;
  /** The bound on all attempts, not a gate of the claim's own. */
  readonly isBound: boolean;
  /** Of the bound: why it is lower than configured; null: it is not. */
  readonly narrowed: string | null;
  readonly ahead: number;
  /** `ahead` is where counting ended. */
  readonly isMore: boolean;
  /** Other hosts wait for the same, and not all of them answered. */
  readonly isPartial: boolean;
  /** How long about; null: not known. */
  readonly estimateMs: number | null;
  /** Of a breaker that is not closed: for how long it is open, and whether a probe is under way. */
  readonly breaker: { readonly openForMs: number; readonly isProbing: boolean } | null;
}

/** Positions beyond it are not counted out. */
const AHEAD_MAX = 10_000;

/** One look at the lines: each is counted out once, however many of those who wait are asked for. */
export class Look {
  readonly wallMs: number;
  readonly monotonicMs: number;
  /** How many go before on other hosts, by slot; absent: they were not asked, or nobody waits there. */
  readonly elsewhere = new Map<string, number>();
  /** Some host was asked and did not answer. */
  isPartial = false;
  readonly #places = new Map<Line, ReadonlyMap<string, number>>();

  constructor(clock: Pick<Clock, "nowMs" | "monotonicMs">) {
    this.wallMs = clock.nowMs();
    this.monotonicMs = clock.monotonicMs();
  }

  /** How many go before `slot`. */
  ahead(line: Line, slot: string): number {
    let places = this.#places.get(line);
    if (places === undefined) {
      const counted = new Map<string, number>();
      for (const { claim } of line.queue.inOrder(this.wallMs)) {
        if (counted.size >= AHEAD_MAX) break;
        counted.set(claim.slot, counted.size);
      }
      places = counted;
      this.#places.set(line, places);
    }
    return places.get(slot) ?? AHEAD_MAX;
  }
}

/** null: the slot is not waited for. O(waiting in the line): for explain only. */
export function slotWait(
  scheduler: Scheduler,
  slot: string,
  look: Look,
  limit: LimitView | null = null,
): SlotWait | null {
  const waiting = scheduler.waitOf(slot);
  if (waiting === undefined) return null;
  const { line } = waiting;
  const here = look.ahead(line, slot);
  const ahead = here + (look.elsewhere.get(slot) ?? 0);
  const { meter, gate } = line;
  const openedAtMs = meter instanceof BreakerMeter ? meter.openedAtMs : null;
  return {
    gate,
    isBound: scheduler.isBound(line),
    narrowed: limit === null ? null : limitText(limit),
    ahead,
    isMore: here >= AHEAD_MAX,
    isPartial: look.isPartial && look.elsewhere.has(slot),
    // The line here moves on as fast as it did, whoever else there is.
    estimateMs: estimate(line, here, look.monotonicMs),
    breaker:
      meter instanceof BreakerMeter && openedAtMs !== null
        ? { openForMs: look.monotonicMs - openedAtMs, isProbing: meter.isProbing }
        : null,
  };
}

function estimate({ meter, gate, intervalMs, lastGrantMs }: Line, ahead: number, nowMs: number) {
  const freesAtMs = meter.freesAtMs(gate, ahead, nowMs);
  if (freesAtMs !== null) return freesAtMs - nowMs;
  if (intervalMs === 0) return null;
  return Math.max(0, (ahead + 1) * intervalMs - (nowMs - lastGrantMs));
}
