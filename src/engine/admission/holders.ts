/** Who holds a concurrency key of runs, and who waits for it: what cancelRunning needs to know. */
import type { SlotClaim } from "./claim.ts";
import type { Scheduler } from "./scheduler.ts";
import { SlotMeter } from "./slot-meter.ts";

/** The claim that has held `name` longest. */
export function oldestHolder(scheduler: Scheduler, name: string): SlotClaim | null {
  const meter = scheduler.meter(name);
  return meter instanceof SlotMeter ? (meter.holders.values().next().value ?? null) : null;
}

/** The claim that gets `name` next, if any waits. */
export function nextWaiting(scheduler: Scheduler, name: string, nowMs: number): SlotClaim | null {
  for (const { queue } of scheduler.meter(name)?.lines ?? []) {
    const next = queue.peek(nowMs);
    if (next !== undefined) return next.claim;
  }
  return null;
}
