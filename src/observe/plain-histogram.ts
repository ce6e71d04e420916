/**
 * A histogram as plain numbers, read by prom-client when somebody scrapes: its own would hash
 * labels at each observation, which the engine's hot path must not pay.
 */

/** Cumulative counts by label, as Prometheus wants them. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly metricName: string;
  readonly value: number;
}

/** Seconds from 100 us to a minute. */
export const SECONDS = [
  0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: number[];
  sum: number;
  count: number;
}

export class PlainHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  readonly aggregator = "sum";
  readonly labelNames: readonly string[];
  readonly #bounds: readonly number[];
  readonly #seriesMax: number;
  readonly #series = new Map<string, Series>();

  constructor(options: {
    readonly name: string;
    readonly help: string;
    readonly bounds: readonly number[];
    readonly labelNames?: readonly string[];
    /** Label values beyond this many are counted as `other`. */
    readonly seriesMax?: number;
  }) {
    this.name = options.name;
    this.help = options.help;
    this.#bounds = options.bounds;
    this.labelNames = options.labelNames ?? [];
    this.#seriesMax = options.seriesMax ?? 500;
  }

  /** `key` stands for the labels: those are made once for each key. */
  observe(key: string, value: number, labels: () => Readonly<Record<string, string>>): void {
    this.record(this.series(key, labels), value);
  }

  /** What observations of `key` are added to, for who keeps it. */
  series(key: string, labels: () => Readonly<Record<string, string>>): Series {
    return this.#series.get(key) ?? this.#newSeries(key, labels);
  }

  record(series: Series, value: number): void {
    series.sum += value;
    series.count += 1;
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    series.counts[at] = (series.counts[at] ?? 0) + 1;
  }

  #newSeries(key: string, labels: () => Readonly<Record<string, string>>): Series {
    const isFull = this.#series.size >= this.#seriesMax;
    const others = () => Object.fromEntries(this.labelNames.map((name) => [name, "other"]));
    const name = isFull ? "other" : key;
    const known = this.#series.get(name);
    if (known !== undefined) return known;
    const counts = new Array<number>(this.#bounds.length + 1).fill(0);
    const series = { labels: isFull ? others() : labels(), counts, sum: 0, count: 0 };
    this.#series.set(name, series);
    return series;
  }

  /** What prom-client's registry asks of a metric. */
  async get() {
    const values: HistogramSample[] = [];
    for (const { labels, counts, sum, count } of this.#series.values()) {
      let below = 0;
      for (const [at, bound] of [...this.#bounds, Number.POSITIVE_INFINITY].entries()) {
        below += counts[at] ?? 0;
        const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : String(bound);
        values.push({ labels: { ...labels, le }, metricName: `${this.name}_bucket`, value: below });
      }
      values.push({ labels, metricName: `${this.name}_sum`, value: sum });
      values.push({ labels, metricName: `${this.name}_count`, value: count });
    }
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }
}
