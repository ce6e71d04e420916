/**
 * The Meter port on plain numbers: what metrics.ts shows when somebody scrapes. Labels are bounded:
 * after 1,000 pairs of tenant and workflow (or series of a histogram) the rest is `other`.
 */
import type { AttemptEnd, Meter } from "#ports/meter.ts";
import { type Count, countOf, KEYS_MAX, OTHER, SEPARATOR } from "./plain-counts.ts";
import { PlainHistogram, SECONDS, type Series } from "./plain-histogram.ts";
import { plainTriggerMeter, type TriggerCounts } from "./plain-trigger-meter.ts";

export type Counts = Record<"started" | "ended" | "steps" | "attempts", Map<string, Count>>;

interface TypeCounts extends Readonly<Record<AttemptEnd, Count>> {
  readonly seconds: Series;
}

export interface PlainMeter {
  readonly meter: Meter;
  readonly counts: Counts;
  readonly triggers: TriggerCounts;
  readonly histograms: readonly PlainHistogram[];
}

export function plainMeter(): PlainMeter {
  const counts: Counts = {
    started: new Map(),
    ended: new Map(),
    steps: new Map([...OUTCOMES.keys()].map((type) => [type, { n: 0 }])),
    attempts: new Map(),
  };
  const attemptSeconds = new PlainHistogram({
    name: "lockstitch_attempt_duration_seconds",
    help: "How long attempts took, by node type.",
    bounds: SECONDS,
    labelNames: ["type"],
  });
  const commitSeconds = new PlainHistogram({
    name: "lockstitch_commit_duration_seconds",
    help: "How long group commits took until they were durable.",
    bounds: SECONDS,
  });
  const commitTurns = new PlainHistogram({
    name: "lockstitch_commit_turns",
    help: "Turns in a group commit.",
    bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
  });
  const commitSize = new PlainHistogram({
    name: "lockstitch_commit_size_characters",
    help: "Characters of the events in a group commit.",
    bounds: [1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000, 4_000_000, 16_000_000],
  });
  const requestSeconds = new PlainHistogram({
    name: "lockstitch_http_request_duration_seconds",
    help: "How long HTTP requests took, by route and status.",
    bounds: SECONDS,
    labelNames: ["method", "route", "status"],
    seriesMax: 1_000,
  });
  const triggers = plainTriggerMeter();
  const none = () => ({});
  const attempts = new Map<string, TypeCounts>();
  const newType = (type: string): TypeCounts => {
    const count = (outcome: string) =>
      countOf(counts.attempts, type + SEPARATOR + outcome, OTHER + SEPARATOR + outcome);
    const made: TypeCounts = {
      succeeded: count("succeeded"),
      failed: count("failed"),
      aborted: count("aborted"),
      seconds: attemptSeconds.series(type, () => ({ type })),
    };
    if (attempts.size < KEYS_MAX) attempts.set(type, made);
    return made;
  };
  const meter: Meter = {
    ...triggers.meter,
    runStarted(tenant, workflow) {
      runCount(counts.started, tenant, workflow, "").n++;
    },
    runEnded(tenant, workflow, status) {
      runCount(counts.ended, tenant, workflow, status).n++;
    },
    event(type) {
      const count = counts.steps.get(type);
      if (count !== undefined) count.n++;
    },
    attempt(type, outcome, tookMs) {
      const own = attempts.get(type) ?? newType(type);
      own[outcome].n++;
      attemptSeconds.record(own.seconds, tookMs / 1_000);
    },
    commit(turns, size, tookMs) {
      commitSeconds.observe("", tookMs / 1_000, none);
      commitTurns.observe("", turns, none);
      commitSize.observe("", size, none);
    },
    request(method, route, status, tookMs) {
      requestSeconds.observe(`${method} ${status} ${route}`, tookMs / 1_000, () => ({
        ...{ method, route, status: String(status) },
      }));
    },
  };
  const histograms = [attemptSeconds, commitSeconds, commitTurns, commitSize, requestSeconds];
  return {
    ...{ meter, counts, triggers: triggers.counts },
    histograms: [...histograms, triggers.lateSeconds],
  };
}

/** What becomes of a step, by the event that says so. */
export const OUTCOMES: ReadonlyMap<string, string> = new Map(
  ["succeeded", "failed", "skipped", "blocked", "cancelled", "retry_scheduled", "lost"].map(
    (outcome) => [`step.${outcome}`, outcome],
  ),
);

function runCount(
  counts: Map<string, Count>,
  tenant: string,
  workflow: string,
  status: string,
): Count {
  const key = `${tenant}${SEPARATOR}${workflow}${SEPARATOR}${status}`;
  return countOf(counts, key, `${OTHER}${SEPARATOR}${OTHER}${SEPARATOR}${status}`);
}
