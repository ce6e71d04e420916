/** The operator's bulkheads as they stand: what they allow, what runs and what waits behind them. */
import type { BulkheadStats } from "../engine.ts";
import type { AdmissionOptions } from "./operator-limits.ts";
import type { Scheduler } from "./scheduler.ts";
import { SlotMeter } from "./slot-meter.ts";

export function bulkheadStats(
  { bulkheads }: AdmissionOptions,
  scheduler: Scheduler,
): readonly BulkheadStats[] {
  return Object.entries(bulkheads).map(([name, bulkhead]) => {
    const meter = scheduler.meter(`bulkhead:${name}`);
    let waiting = 0;
    for (const { queue } of meter?.lines ?? []) waiting += queue.size;
    return {
      name,
      limit: typeof bulkhead === "number" ? bulkhead : bulkhead.limit,
      running: meter instanceof SlotMeter ? meter.holders.size : 0,
      waiting,
    };
  });
}
