/** Metrics: the docs name what there is, labels are bounded, histograms add up. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createMetrics, type MetricSources } from "#observe/metrics.ts";
import { plainMeter } from "#observe/plain-meter.ts";

const STATS = {
  attemptLimit: { now: 400, max: 1000 },
  ...{ openRuns: 3, runningAttempts: 2, queuedAttempts: 1, commits: 10, turns: 20, events: 60 },
  ...{ continuedRuns: 4, recovering: false, memo: { hits: 5, misses: 6 } },
  values: { operations: 11, conflicts: 12, cacheHits: 13, cacheMisses: 14 },
  ...{ hosts: { withLease: 3, leaseLeftMs: 7_500, suspensions: 2 }, schedulesDue: 8 },
  admission: {
    waiting: { slot: 1, rate_limit: 9 },
    held: { slot: 2 },
    breakers: { open: 3, probing: 1 },
    quotas: { refused: { openRuns: 4 }, usedUp: { stepsPerHour: 2 } },
  },
};

const LATE = {
  last: 0,
  min: 0.001,
  max: 0.5,
  mean: 0.01,
  stddev: 0.02,
  p50: 0.002,
  p90: 0.1,
  p99: 0.4,
};

function fixture(more: Partial<MetricSources> = {}) {
  let scrapes = 0;
  const plain = plainMeter();
  const metrics = createMetrics(plain, {
    version: "1.2.3",
    engine: () => STATS,
    runs: async () => ({ running: 3, succeeded: 7 }),
    plugins: () => [
      { name: "weather", state: "running", restarts: 2, calls: 7, memoryBytes: 5_000 },
    ],
    values: async () => ({ tenant: { names: 2, bytes: 30 }, workflow: { names: 0, bytes: 0 } }),
    storeBytes: async () => ({ database: 4096, wal: 0 }),
    loopDelay: () => ({ ...LATE, last: ++scrapes }),
    ...more,
  });
  return { meter: plain.meter, metrics };
}

test("docs/metrics.md lists every metric of ours, and none that there is not", () => {
  const { metrics } = fixture();
  const documented = [
    ...readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8").matchAll(
      /^\| `(lockstitch_\w+)` \|/gm,
    ),
  ].map(([, name]) => name);
  const ours = metrics.names().filter((name) => name.startsWith("lockstitch_"));
  expect(documented.toSorted()).toEqual(ours.toSorted());
  expect(ours.length).toBeGreaterThan(15);
  metrics.close();
});

test("names follow Prometheus' conventions", () => {
  const { metrics } = fixture();
  for (const name of metrics.names()) expect(name).toMatch(/^[a-z][a-z0-9_]*[a-z0-9]$/);
  metrics.close();
});

test("what was reported is what is scraped", async () => {
  const { meter, metrics } = fixture();
  meter.runStarted("default", "orders");
  meter.runStarted("default", "orders");
  meter.runEnded("default", "orders", "failed");
  for (const type of ["step.succeeded", "step.succeeded", "step.failed", "run.queued"])
    meter.event(type);
  meter.attempt("http.request", "succeeded", 3);
  meter.attempt("http.request", "failed", 7_000);
  meter.commit(12, 5_000, 0.4);
  meter.request("GET", "/api/v1/runs/:id", 200, 2);
  const of = { tenant: "default", workflow: "orders" } as const;
  meter.instants({ ...of, outcome: "fired", reason: "" }, 1);
  meter.instants({ ...of, outcome: "skipped", reason: "overlap" }, 1);
  meter.instants({ ...of, outcome: "missed", reason: "catch_up" }, 40);
  meter.late(1_200);
  meter.firingFailed();
  meter.called("event", "filtered");
  meter.called("webhook", "started");
  meter.called("webhook", "started");
  const text = await metrics.text();
  for (const line of [
    'lockstitch_build_info{version="1.2.3"} 1',
    'lockstitch_runs{status="succeeded"} 7',
    'lockstitch_runs_started_total{tenant="default",workflow="orders"} 2',
    'lockstitch_runs_ended_total{tenant="default",workflow="orders",status="failed"} 1',
    'lockstitch_steps_total{outcome="succeeded"} 2',
    'lockstitch_steps_total{outcome="failed"} 1',
    'lockstitch_attempts_total{type="http.request",outcome="failed"} 1',
    'lockstitch_attempt_duration_seconds_bucket{type="http.request",le="0.005"} 1',
    'lockstitch_attempt_duration_seconds_bucket{type="http.request",le="10"} 2',
    'lockstitch_attempt_duration_seconds_bucket{type="http.request",le="+Inf"} 2',
    'lockstitch_attempt_duration_seconds_sum{type="http.request"} 7.003',
    'lockstitch_attempt_duration_seconds_count{type="http.request"} 2',
    'lockstitch_commit_duration_seconds_bucket{le="0.0005"} 1',
    'lockstitch_commit_turns_bucket{le="20"} 1',
    "lockstitch_open_runs 3",
    'lockstitch_admission_waiting{gate="rate_limit"} 9',
    'lockstitch_admission_held{gate="slot"} 2',
    'lockstitch_quota_refusals_total{quota="openRuns"} 4',
    'lockstitch_quotas_used_up{quota="stepsPerHour"} 2',
    'lockstitch_circuit_breakers{state="open"} 3',
    "lockstitch_memo_hits_total 5",
    "lockstitch_memo_misses_total 6",
    "lockstitch_events_total 60",
    ...["lockstitch_hosts 3", "lockstitch_lease_left_seconds 7.5"],
    "lockstitch_lease_lapses_total 2",
    'lockstitch_schedule_instants_total{tenant="default",workflow="orders",outcome="fired",reason=""} 1',
    'lockstitch_schedule_instants_total{tenant="default",workflow="orders",outcome="skipped",reason="overlap"} 1',
    'lockstitch_schedule_instants_total{tenant="default",workflow="orders",outcome="missed",reason="catch_up"} 40',
    'lockstitch_schedule_late_seconds_bucket{le="1"} 0',
    'lockstitch_schedule_late_seconds_bucket{le="2.5"} 1',
    ...["lockstitch_schedule_failures_total 1", "lockstitch_schedules_due 8"],
    'lockstitch_trigger_calls_total{kind="event",outcome="filtered"} 1',
    'lockstitch_trigger_calls_total{kind="webhook",outcome="started"} 2',
    'lockstitch_values{scope="tenant"} 2',
    'lockstitch_values_bytes{scope="tenant"} 30',
    "lockstitch_value_operations_total 11",
    "lockstitch_value_conflicts_total 12",
    "lockstitch_cache_hits_total 13",
    "lockstitch_cache_misses_total 14",
    'lockstitch_store_size_bytes{part="database"} 4096',
    'lockstitch_http_request_duration_seconds_count{method="GET",route="/api/v1/runs/:id",status="200"} 1',
  ])
    expect(text.split("\n")).toContain(line);
  const lag = text.split("\n").filter((line) => line.startsWith("nodejs_eventloop_lag"));
  expect(lag.toSorted()).toEqual(
    [
      ...["max_seconds 0.5", "mean_seconds 0.01", "min_seconds 0.001", "p50_seconds 0.002"],
      ...["p90_seconds 0.1", "p99_seconds 0.4", "seconds 1", "stddev_seconds 0.02"],
    ].map((line) => `nodejs_eventloop_lag_${line}`),
  );
  // Counters are read anew, not added up, at each scrape.
  const again = await metrics.text();
  expect(again.split("\n")).toContain("lockstitch_events_total 60");
  metrics.close();
});

test("a store that went away takes its own figures along, and nothing else", async () => {
  let isAway = false;
  const { metrics } = fixture({
    runs: () => (isAway ? Promise.reject(new Error("away")) : Promise.resolve({ running: 3 })),
    storeBytes: () => (isAway ? Promise.reject(new Error("away")) : Promise.resolve({ wal: 1 })),
  });
  expect(await metrics.text()).toContain('lockstitch_runs{status="running"} 3');
  isAway = true;
  const text = await metrics.text();
  expect(text).not.toMatch(/^lockstitch_(runs|store_size_bytes)\{/m);
  expect(text).toContain("lockstitch_open_runs 3");
  metrics.close();
});

test("labels are bounded: what comes later is `other`", async () => {
  const { meter, metrics } = fixture();
  for (let n = 0; n < 3_000; n += 1) {
    meter.runStarted("default", `workflow-${n}`);
    meter.attempt(`user.type${n}`, "succeeded", 1);
    meter.request("GET", `/route/${n}`, 200, 1);
  }
  const text = await metrics.text();
  const started = [...text.matchAll(/^lockstitch_runs_started_total\{.*\} (\d+)$/gm)];
  expect(started.length).toBeLessThanOrEqual(1_001);
  expect(started.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(3_000);
  expect(text).toContain('lockstitch_runs_started_total{tenant="other",workflow="other"} 2000');
  expect(text.match(/^lockstitch_attempt_duration_seconds_count/gm)?.length).toBeLessThanOrEqual(
    501,
  );
  expect(text.match(/^lockstitch_attempts_total/gm)?.length).toBeLessThanOrEqual(1_003);
  expect(
    text.match(/^lockstitch_http_request_duration_seconds_count/gm)?.length,
  ).toBeLessThanOrEqual(1_001);
  metrics.close();
});
