/** Prints what was measured: a table for people, or one JSON document. */
import { percentile, spreadOf, spreadText, text } from "./figures.ts";

/** All rounds' figures of one subject in one benchmark; of C every call's latency in ms. */
export interface Row {
  readonly benchmark: string;
  readonly subject: string;
  readonly values: readonly number[];
}

export interface Report {
  readonly rows: readonly Row[];
  /** By subject: what was counted and read back afterwards. */
  readonly kept: Readonly<Record<string, readonly string[]>>;
  readonly rounds: number;
  readonly cores: number;
  readonly load: readonly number[];
}

const TITLES: Readonly<Record<string, string>> = {
  A: "A  2,000 runs of 5 effectful steps, 100 at once: steps/s",
  B: "B  one run of 1,000 effectful steps in sequence: steps/s",
  C: "C  start to result of a 1-step run at 20/s: ms, p50 and p99",
  D: "D  one for_each of many effectful items, results collected (100,000; --quick: 10,000)",
  E: "E  runs of 1,000 steps that only compute, each from the one before: steps/s",
  F: "F  a server that starts on open runs: timers, signals, attempts (10,000; --quick: 1,000)",
};

const FLOORS: Readonly<Record<string, string>> = {
  A: "floor: records/s in commits of 100",
  B: "floor: one-record commits/s",
  C: "floor: HTTP hello + two commits",
};

export function printReport(report: Report, asJson: boolean): void {
  process.stdout.write(
    asJson ? `${JSON.stringify(documentOf(report), null, 2)}\n` : `${tableOf(report)}\n`,
  );
}

function documentOf({ rows, ...rest }: Report) {
  return {
    ...rest,
    figures: rows.map(({ values, ...row }) => ({ ...row, ...summary(row, values) })),
  };
}

function summary({ benchmark }: Pick<Row, "benchmark">, values: readonly number[]) {
  return benchmark === "C"
    ? { calls: values.length, p50: percentile(values, 0.5), p99: percentile(values, 0.99) }
    : { rounds: values.length, ...spreadOf(values) };
}

function tableOf({ rows, kept, rounds, cores, load }: Report): string {
  const lines: string[] = [];
  for (const [benchmark, title] of Object.entries(TITLES)) {
    const own = rows.filter((row) => row.benchmark === benchmark);
    if (own.length === 0) continue;
    lines.push(title);
    const peer = own.find((row) => row.subject === "restate" || row.subject === "dbos");
    for (const row of own) {
      const name = row.subject === "floor" ? (FLOORS[benchmark] ?? "floor") : row.subject;
      lines.push(`  ${name.padEnd(36)} ${figureText(row).padEnd(30)} ${ratioText(row, peer)}`);
    }
    lines.push("");
  }
  for (const [subject, facts] of Object.entries(kept))
    for (const fact of facts) lines.push(`${subject}: ${fact}`);
  const processor = rows.find((row) => row.benchmark === "processor");
  if (processor !== undefined)
    lines.push(
      `machine: ${cores} cores, load ${load.map((value) => value.toFixed(1)).join(" ")}; the same loop took ${spreadText(spreadOf(processor.values))} ms over ${rounds} rounds`,
    );
  return lines.join("\n");
}

function figureText({ benchmark, values }: Row): string {
  if (benchmark !== "C") return spreadText(spreadOf(values));
  return `${text(percentile(values, 0.5))} / ${text(percentile(values, 0.99))}`;
}

/** How much better than the peer, from the medians of the same rounds; nothing for the peer and the floor. */
function ratioText(row: Row, peer: Row | undefined): string {
  if (peer === undefined || row === peer || row.subject === "floor") return "";
  const own = percentile(row.values, 0.5);
  const other = percentile(peer.values, 0.5);
  return `${text(row.benchmark === "C" ? other / own : own / other)} x ${peer.subject}`;
}
