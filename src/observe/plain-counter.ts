/** A counter for Prometheus that is read from plain counts (plain-counts.ts) when it is scraped. */
import { Counter, type Registry } from "prom-client";
import { type Count, SEPARATOR } from "./plain-counts.ts";

/** Keys of `source` hold the labels' values in the order of `labelNames`. */
export function addCounter(
  registry: Registry,
  {
    name,
    help,
    labelNames,
    source,
  }: {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
    readonly source: ReadonlyMap<string, Count>;
  },
): void {
  new Counter({
    ...{ name, help, labelNames: [...labelNames], registers: [registry] },
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
}
