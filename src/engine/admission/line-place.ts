/**
 * Where a claim stands among those that wait on other hosts for the same slots: behind those with a
 * greater effective priority, and at equal behind those that have waited longer. Hosts take turns, so
 * that is about the order in which they go, not to the last place.
 */
import { effectivePriority } from "./fair-queue.ts";
import type { Line } from "./line.ts";
import type { Scheduler } from "./scheduler.ts";
import { SlotMeter } from "./slot-meter.ts";

export interface LinePlace {
  /** The gate's name, among those of runs or of attempts. */
  readonly gate: string;
  readonly isOfRuns: boolean;
  readonly effective: number;
  readonly sinceMs: number;
}

/** Claims beyond it are not counted out. */
const COUNTED_MAX = 10_000;

/** The place of the claim that waits in `slot`; null: nobody elsewhere waits for the same. */
export function placeOf(scheduler: Scheduler, slot: string, wallMs: number): LinePlace | null {
  const waiting = scheduler.waitOf(slot);
  const meter = waiting?.line.meter;
  if (waiting === undefined || !(meter instanceof SlotMeter) || meter.share === null) return null;
  const { claim } = waiting;
  const effective = effectivePriority(claim, wallMs, scheduler.times.ageingMs);
  return { gate: meter.name, isOfRuns: claim.path === "", effective, sinceMs: claim.sinceMs };
}

/** How many claims here go before one that stands there on another host. O(waiting): for explain only. */
export function aheadOf(
  { gate, effective, sinceMs }: LinePlace,
  scheduler: Scheduler,
  wallMs: number,
): number {
  const { ageingMs } = scheduler.times;
  const goesBefore = (lines: readonly Line[]): number => {
    let ahead = 0;
    let counted = 0;
    for (const { queue } of lines)
      for (const { claim } of queue.inOrder(wallMs)) {
        if (++counted > COUNTED_MAX) return ahead;
        const own = effectivePriority(claim, wallMs, ageingMs);
        if (own > effective || (own === effective && claim.sinceMs < sinceMs)) ahead++;
      }
    return ahead;
  };
  return goesBefore(scheduler.meter(gate)?.lines ?? []);
}
