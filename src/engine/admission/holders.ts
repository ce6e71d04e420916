/** Who holds a concurrency key of runs, and who waits for it: what cancelRunning needs to know. */
import type { SlotClaim } from "./claim.ts";
import type { Scheduler } from "./scheduler.ts";
import { SlotMeter } from "./slot-meter.ts";

/** The oldest holders of `name`, as many as wait for it; empty when nobody does. */
export function inTheWay(scheduler: Scheduler, name: string): readonly SlotClaim[] {
  const meter = scheduler.meter(name);
  if (!(meter instanceof SlotMeter)) return [];
  let waiting = 0;
  for (const { queue } of meter.lines) waiting += queue.size;
  if (waiting === 0) return [];
  return [...meter.holders.values()].sort((a, b) => a.sinceMs - b.sinceMs).slice(0, waiting);
}

/** The claim that gets `name` next, if any waits. */
export function nextWaiting(scheduler: Scheduler, name: string, nowMs: number): SlotClaim | null {
  for (const { queue } of scheduler.meter(name)?.lines ?? []) {
    const next = queue.peek(nowMs);
    if (next !== undefined) return next.claim;
  }
  return null;
}
