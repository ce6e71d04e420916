/** The part of the Meter port that schedules, events and webhooks tell, on plain numbers (plain-meter.ts). */
import type { Meter } from "#ports/meter.ts";
import { type Count, countOf, OTHER, SEPARATOR } from "./plain-counts.ts";
import { PlainHistogram } from "./plain-histogram.ts";

/** From a wake that came in time to a day of catching up. */
const LATE_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400];

export interface TriggerCounts {
  readonly instants: Map<string, Count>;
  readonly calls: Map<string, Count>;
  readonly failures: Count;
}

export function plainTriggerMeter() {
  const lateSeconds = new PlainHistogram({
    name: "lockstitch_schedule_late_seconds",
    help: "How long after they were due scheduled runs were started.",
    bounds: LATE_SECONDS,
  });
  const counts: TriggerCounts = { instants: new Map(), calls: new Map(), failures: { n: 0 } };
  const none = () => ({});
  const meter: Pick<Meter, "instants" | "late" | "firingFailed" | "called"> = {
    instants({ tenant, workflow, outcome, reason }, count) {
      const end = `${outcome}${SEPARATOR}${reason}`;
      const key = `${tenant}${SEPARATOR}${workflow}${SEPARATOR}${end}`;
      const otherwise = `${OTHER}${SEPARATOR}${OTHER}${SEPARATOR}${end}`;
      countOf(counts.instants, key, otherwise).n += count;
    },
    late(lateMs) {
      lateSeconds.observe("", lateMs / 1_000, none);
    },
    firingFailed() {
      counts.failures.n++;
    },
    called(kind, outcome) {
      const key = `${kind}${SEPARATOR}${outcome}`;
      countOf(counts.calls, key, key).n++;
    },
  };
  return { meter, counts, lateSeconds };
}
