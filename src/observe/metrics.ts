/**
 * The metrics of one server in Prometheus' text form. docs/metrics.md lists them, and a test holds
 * the list equal to the registry.
 *
 *   M1. What happens often is counted as plain numbers (Meter); labels and text are made when
 *       somebody scrapes.
 *   M2. No label holds anything of a payload: types, statuses, route patterns and names only.
 */

import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from "prom-client";
import type { LoopFigures } from "#ports/loop-figures.ts";
import { addHosts, type HostFigures } from "./host-metrics.ts";
import { addCounter } from "./plain-counter.ts";
import { OTHER } from "./plain-counts.ts";
import { type Counts, OUTCOMES, type PlainMeter } from "./plain-meter.ts";
import { addQuotas, type QuotaFigures } from "./quota-metrics.ts";
import { addTriggers } from "./trigger-metrics.ts";

/** What is asked at each scrape. */
export interface MetricSources {
  readonly version: string;
  engine(): {
    readonly openRuns: number;
    readonly runningAttempts: number;
    readonly queuedAttempts: number;
    readonly attemptLimit: { readonly now: number; readonly max: number };
    readonly commits: number;
    readonly turns: number;
    readonly events: number;
    readonly continuedRuns: number;
    readonly recovering: boolean;
    readonly admission: {
      readonly waiting: Readonly<Record<string, number>>;
      readonly held: Readonly<Record<string, number>>;
      readonly breakers: Readonly<Record<string, number>>;
      readonly quotas: QuotaFigures;
    };
    readonly memo: { readonly hits: number; readonly misses: number };
    readonly values: {
      readonly operations: number;
      readonly conflicts: number;
      readonly cacheHits: number;
      readonly cacheMisses: number;
    };
    readonly hosts?: HostFigures | undefined;
    readonly schedulesDue?: number | undefined;
  };
  /** Runs by status, of all tenants. */
  runs(): Promise<Readonly<Record<string, number>>>;
  /** How each plugin's process does. */
  plugins(): readonly PluginFigures[];
  /** Values that runs share, by scope, of all tenants. */
  values(): Promise<Readonly<Record<string, { readonly names: number; readonly bytes: number }>>>;
  /** How late the event loop answered since the last scrape, in seconds. */
  loopDelay(): LoopFigures;
  /** Bytes of the store by part. */
  storeBytes(): Promise<Readonly<Record<string, number>>>;
}

interface PluginFigures {
  readonly name: string;
  readonly state: string;
  readonly restarts: number;
  readonly calls: number;
  readonly memoryBytes: number;
}

export interface Metrics {
  readonly contentType: string;
  /** Names of all metrics, for the test of the docs. */
  names(): readonly string[];
  text(): Promise<string>;
  close(): void;
}

export function createMetrics(meter: PlainMeter, sources: MetricSources): Metrics {
  const registry = new Registry();
  const { counts, triggers, histograms } = meter;
  for (const histogram of histograms)
    registry.registerMetric(histogram as unknown as Metric<string>);
  addCounters(registry, counts);
  // Asked once for each scrape, not once for each metric.
  let stats: ReturnType<MetricSources["engine"]> | null = null;
  const engine = () => {
    stats ??= sources.engine();
    return stats;
  };
  addEngine(registry, { ...sources, engine });
  addAdmission(registry, engine);
  addHosts(registry, engine);
  addQuotas(registry, () => engine().admission.quotas);
  addStore(registry, sources);
  addPlugins(registry, sources);
  addValues(registry, sources, engine);
  addTriggers(registry, triggers, () => engine().schedulesDue ?? 0);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  addLoopDelay(registry, sources);
  return {
    contentType: registry.contentType,
    names: () => registry.getMetricsAsArray().map(({ name }) => name),
    text: () => {
      stats = null;
      return registry.metrics();
    },
    close: () => registry.clear(),
  };
}

/** The longest that a timer can take. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Under the names that the library gives them. Its own histogram would wake the process a hundred
 * times a second, beside the one that the engine has (system/loop-delay.ts); it cannot be left out,
 * so its timer never comes.
 */
function addLoopDelay(registry: Registry, sources: MetricSources): void {
  const prefix = "nodejs_eventloop_lag";
  for (const { name } of registry.getMetricsAsArray())
    if (name.startsWith(prefix)) registry.removeSingleMetric(name);
  let figures: LoopFigures | null = null;
  const gauge = (figure: keyof LoopFigures, help: string) =>
    new Gauge({
      name: figure === "last" ? `${prefix}_seconds` : `${prefix}_${figure}_seconds`,
      help,
      registers: [registry],
      collect() {
        // Those of one scrape are of one window: `last` comes first.
        if (figure === "last" || figures === null) figures = sources.loopDelay();
        this.set(figures[figure]);
      },
    });
  gauge("last", "How late the event loop answered at the last look.");
  gauge("min", "The least delay of the event loop since the last scrape.");
  gauge("max", "The greatest delay of the event loop since the last scrape.");
  gauge("mean", "The mean delay of the event loop since the last scrape.");
  gauge("stddev", "The standard deviation of the event loop's delay since the last scrape.");
  gauge("p50", "The 50th percentile of the event loop's delay since the last scrape.");
  gauge("p90", "The 90th percentile of the event loop's delay since the last scrape.");
  gauge("p99", "The 99th percentile of the event loop's delay since the last scrape.");
}

function addCounters(registry: Registry, counts: Counts): void {
  addCounter(registry, {
    name: "lockstitch_runs_started_total",
    help: "Runs whose start is durable.",
    labelNames: ["tenant", "workflow"],
    source: counts.started,
  });
  addCounter(registry, {
    name: "lockstitch_runs_ended_total",
    help: "Runs that have ended.",
    labelNames: ["tenant", "workflow", "status"],
    source: counts.ended,
  });
  addCounter(registry, {
    name: "lockstitch_attempts_total",
    help: "Attempts that have ended.",
    labelNames: ["type", "outcome"],
    source: counts.attempts,
  });
  new Counter({
    name: "lockstitch_steps_total",
    help: "What became of steps: their outcomes, attempts to come and attempts lost.",
    labelNames: ["outcome"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [type, { n: count }] of counts.steps)
        this.inc({ outcome: OUTCOMES.get(type) ?? OTHER }, count);
    },
  });
}

function addEngine(registry: Registry, { engine, version }: MetricSources): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  new Gauge({
    name: "lockstitch_build_info",
    help: "Always 1; the label is the version.",
    labelNames: ["version"],
    registers: [registry],
  }).set({ version }, 1);
  gauge("lockstitch_open_runs", "Runs that have not ended.", () => engine().openRuns);
  gauge("lockstitch_attempts_running", "Attempts under way.", () => engine().runningAttempts);
  gauge(
    "lockstitch_attempts_waiting",
    "Attempts that wait for a slot.",
    () => engine().queuedAttempts,
  );
  gauge(
    "lockstitch_attempts_limit",
    "Attempts that may run at once, as latency and event loop allow.",
    () => engine().attemptLimit.now,
  );
  gauge(
    "lockstitch_attempts_limit_max",
    "The configured limit of attempts.",
    () => engine().attemptLimit.max,
  );
  gauge("lockstitch_recovered_runs", "Runs found open at the start.", () => engine().continuedRuns);
  gauge("lockstitch_recovering", "1 until all of them are loaded.", () =>
    Number(engine().recovering),
  );
  counter("lockstitch_commits_total", "Group commits.", () => engine().commits);
  counter("lockstitch_turns_total", "Turns that were committed.", () => engine().turns);
  counter("lockstitch_memo_hits_total", "Results used again.", () => engine().memo.hits);
  counter("lockstitch_memo_misses_total", "Attempts under memo made.", () => engine().memo.misses);
  counter("lockstitch_events_total", "Events that were committed.", () => engine().events);
}

function addAdmission(registry: Registry, engine: MetricSources["engine"]): void {
  const gauge = (
    name: string,
    help: string,
    by: { readonly label: string; readonly of: "waiting" | "held" | "breakers" },
  ) =>
    new Gauge({
      name,
      help,
      labelNames: [by.label],
      registers: [registry],
      collect() {
        for (const [kind, count] of Object.entries(engine().admission[by.of]))
          this.set({ [by.label]: kind }, count);
      },
    });
  gauge("lockstitch_admission_waiting", "Attempts that wait, by the gate that blocks them.", {
    ...{ label: "gate", of: "waiting" },
  });
  gauge("lockstitch_admission_held", "Attempts that hold a place, by kind of gate.", {
    ...{ label: "gate", of: "held" },
  });
  gauge("lockstitch_circuit_breakers", "Circuit breakers that are not closed, by state.", {
    ...{ label: "state", of: "breakers" },
  });
}

function addValues(
  registry: Registry,
  { values }: MetricSources,
  engine: MetricSources["engine"],
): void {
  const of = (name: string, help: string, field: "names" | "bytes") =>
    new Gauge({
      ...{ name, help, labelNames: ["scope"], registers: [registry] },
      async collect() {
        this.reset();
        for (const [scope, usage] of await orNone(values)) this.set({ scope }, usage[field]);
      },
    });
  of("lockstitch_values", "Values that runs share, by scope.", "names");
  of("lockstitch_values_bytes", "Their bytes of JSON.", "bytes");
  const counter = (name: string, help: string, field: keyof ReturnType<typeof engine>["values"]) =>
    new Counter({
      ...{ name, help, registers: [registry] },
      collect() {
        this.reset();
        this.inc(engine().values[field]);
      },
    });
  counter("lockstitch_value_operations_total", "Uses of shared values by steps.", "operations");
  counter("lockstitch_value_conflicts_total", "Turns decided again.", "conflicts");
  counter("lockstitch_cache_hits_total", "Entries of state.cache found.", "cacheHits");
  counter("lockstitch_cache_misses_total", "Entries that were not there.", "cacheMisses");
}

/** While the store is away its figures are left out, and those of the process are there. */
async function orNone<Figure>(
  ask: () => Promise<Readonly<Record<string, Figure>>>,
): Promise<readonly (readonly [string, Figure])[]> {
  try {
    return Object.entries(await ask());
  } catch {
    // It is away, and /readyz says why: a scrape that failed would hide all other figures.
    return [];
  }
}

function addStore(registry: Registry, { runs, storeBytes }: MetricSources): void {
  new Gauge({
    name: "lockstitch_runs",
    help: "Runs in the store, by status.",
    labelNames: ["status"],
    registers: [registry],
    async collect() {
      this.reset();
      for (const [status, count] of await orNone(runs)) this.set({ status }, count);
    },
  });
  new Gauge({
    name: "lockstitch_store_size_bytes",
    help: "Bytes of the store's files, by part.",
    labelNames: ["part"],
    registers: [registry],
    async collect() {
      this.reset();
      for (const [part, bytes] of await orNone(storeBytes)) this.set({ part }, bytes);
    },
  });
}

function addPlugins(registry: Registry, { plugins }: MetricSources): void {
  const add = (
    Kind: typeof Gauge | typeof Counter,
    name: string,
    help: string,
    read: (plugin: PluginFigures) => number,
  ) =>
    new Kind({
      ...{ name, help, labelNames: ["plugin"], registers: [registry] },
      collect() {
        this.reset();
        for (const plugin of plugins()) this.inc({ plugin: plugin.name }, read(plugin));
      },
    });
  const isUp = ({ state }: PluginFigures) => Number(state === "running");
  add(Gauge, "lockstitch_plugin_up", "1 while the plugin's process answers.", isUp);
  add(
    Gauge,
    "lockstitch_plugin_memory_bytes",
    "Resident memory of the plugin's process.",
    ({ memoryBytes }) => memoryBytes,
  );
  add(
    Counter,
    "lockstitch_plugin_restarts_total",
    "Starts of the plugin's process after it had ended.",
    ({ restarts }) => restarts,
  );
  add(
    Counter,
    "lockstitch_plugin_calls_total",
    "Attempts given to the plugin.",
    ({ calls }) => calls,
  );
}
