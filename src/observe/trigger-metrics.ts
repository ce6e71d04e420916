/** What schedules, events and webhooks have come to on this host. */
import { Counter, Gauge, type Registry } from "prom-client";
import { SEPARATOR } from "./plain-counts.ts";
import type { TriggerCounts } from "./plain-trigger-meter.ts";

export function addTriggers(
  registry: Registry,
  { instants, calls, failures }: TriggerCounts,
  due: () => number,
): void {
  const registers = [registry];
  const counter = (
    name: string,
    help: string,
    labelNames: readonly string[],
    source: ReadonlyMap<string, { readonly n: number }>,
  ) =>
    new Counter({
      ...{ name, help, registers, labelNames: [...labelNames] },
      collect() {
        this.reset();
        for (const [key, { n: count }] of source) {
          const parts = key.split(SEPARATOR);
          this.inc(
            Object.fromEntries(labelNames.map((label, at) => [label, parts[at] ?? ""])),
            count,
          );
        }
      },
    });
  counter(
    "lockstitch_schedule_instants_total",
    "What became of instants of schedules, and why.",
    ["tenant", "workflow", "outcome", "reason"],
    instants,
  );
  counter(
    "lockstitch_trigger_calls_total",
    "What events and calls of webhooks came to.",
    ["kind", "outcome"],
    calls,
  );
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
