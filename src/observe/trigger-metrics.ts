/** What schedules, events and webhooks have come to on this host. */
import { Counter, Gauge, type Registry } from "prom-client";
import { addCounter } from "./plain-counter.ts";
import type { TriggerCounts } from "./plain-trigger-meter.ts";

export function addTriggers(
  registry: Registry,
  { instants, calls, failures }: TriggerCounts,
  due: () => number,
): void {
  const registers = [registry];
  addCounter(registry, {
    name: "lockstitch_schedule_instants_total",
    help: "What became of instants of schedules, and why.",
    labelNames: ["tenant", "workflow", "outcome", "reason"],
    source: instants,
  });
  addCounter(registry, {
    name: "lockstitch_trigger_calls_total",
    help: "What events and calls of webhooks came to.",
    labelNames: ["kind", "outcome"],
    source: calls,
  });
  new Counter({
    ...{ name: "lockstitch_schedule_failures_total", registers },
    help: "Looks at schedules that failed: the store was away, or one could not be read.",
    collect() {
      this.reset();
      this.inc(failures.n);
    },
  });
  new Gauge({
    ...{ name: "lockstitch_schedules_due", help: "Schedules this host is deciding on.", registers },
    collect() {
      this.set(due());
    },
  });
}
