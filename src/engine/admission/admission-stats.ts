/** Who waits and who holds what, by kind of gate; keys stay out, for they come from payloads. */
import type { AdmissionStats } from "../engine.ts";
import { BreakerMeter } from "./breaker-meter.ts";
import type { Scheduler } from "./scheduler.ts";
import { SlotMeter } from "./slot-meter.ts";

/** O(keys in use). */
export function admissionStats(scheduler: Scheduler): Omit<AdmissionStats, "quotas"> {
  const waiting = {
    ...{ slot: scheduler.waiting, concurrency: 0, bulkhead: 0, quota: 0 },
    ...{ rate_limit: 0, circuit_breaker: 0, quarantine: 0 },
  };
  const held = { slot: scheduler.held, concurrency: 0, bulkhead: 0, quota: 0 };
  const breakers = { open: 0, probing: 0 };
  for (const meter of scheduler.meters()) {
    for (const { gate, queue } of meter.lines) {
      waiting[gate.kind === "usage" ? "quota" : gate.kind] += queue.size;
      waiting.slot -= queue.size;
    }
    if (meter instanceof BreakerMeter && meter.openedAtMs !== null)
      breakers[meter.isProbing ? "probing" : "open"]++;
    const kind = meter.lines[0]?.gate.kind;
    if (
      meter instanceof SlotMeter &&
      (kind === "concurrency" || kind === "bulkhead" || kind === "quota")
    )
      held[kind] += meter.holders.size;
  }
  return { waiting, held, breakers };
}
