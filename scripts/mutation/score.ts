/** What a mutation report says: how many mutants of each file the tests noticed, and which they did not. */
import { isInSample, type SampledMutant } from "./sample.ts";

export interface MutationReport {
  readonly files: Readonly<Record<string, FileReport>>;
}

export interface FileReport {
  readonly source: string;
  readonly mutants: readonly ReportedMutant[];
}

/** Lines and columns count from 1. */
export interface ReportedMutant extends SampledMutant {
  readonly status: string;
}

export interface Score {
  readonly tested: number;
  /** Noticed by a test, or run into a time limit. */
  readonly killed: number;
  readonly survived: number;
  /** No test runs that place. */
  readonly unmet: number;
}

/** The report of a sample alone: mutants that no test meets were never given to the runner, which chooses. */
export function sampled({ files }: MutationReport, oneIn: number): MutationReport {
  const kept = Object.entries(files).map(([name, { source, mutants }]) => [
    name,
    { source, mutants: mutants.filter((one) => isInSample(name, fromZero(one), oneIn)) },
  ]);
  return { files: Object.fromEntries(kept) };
}

/** A mutant as Stryker's runners see it: they count lines and columns from 0. */
export function fromZero(mutant: ReportedMutant): ReportedMutant {
  const back = ({ line, column }: { readonly line: number; readonly column: number }) => ({
    line: line - 1,
    column: column - 1,
  });
  const { start, end } = mutant.location;
  return { ...mutant, location: { start: back(start), end: back(end) } };
}

/** Each file's score, in the order of their names. */
export function scores(report: MutationReport): Map<string, Score> {
  const files = new Map<string, Score>();
  for (const [name, { mutants }] of Object.entries(report.files).toSorted(byName)) {
    const count = (...statuses: readonly string[]) =>
      mutants.filter(({ status }) => statuses.includes(status)).length;
    const killed = count("Killed", "Timeout");
    const survived = count("Survived");
    const unmet = count("NoCoverage");
    files.set(name, { tested: killed + survived + unmet, killed, survived, unmet });
  }
  return files;
}

export function sum(all: readonly Score[]): Score {
  const add = (key: keyof Score) => all.reduce((total, score) => total + score[key], 0);
  return {
    tested: add("tested"),
    killed: add("killed"),
    survived: add("survived"),
    unmet: add("unmet"),
  };
}

/** Of nothing, all is killed. */
export function percent({ killed, tested }: Score): number {
  return tested === 0 ? 100 : (100 * killed) / tested;
}

/** Wilson's interval for the share of a population of which `tested` were drawn, in percent (95 %). */
export function interval({ killed, tested }: Score): readonly [number, number] {
  if (tested === 0) return [0, 100];
  const z = 1.96;
  const share = killed / tested;
  const middle = share + z ** 2 / (2 * tested);
  const spread = z * Math.sqrt((share * (1 - share)) / tested + z ** 2 / (4 * tested ** 2));
  const scale = 1 + z ** 2 / tested;
  return [(100 * (middle - spread)) / scale, (100 * (middle + spread)) / scale];
}

/** One line for each mutant that lived: where, what it says, and what the source says. */
export function survivors(report: MutationReport): string[] {
  return Object.entries(report.files)
    .toSorted(byName)
    .flatMap(([name, { source, mutants }]) => {
      const lines = source.split("\n");
      return mutants
        .filter(({ status }) => status === "Survived" || status === "NoCoverage")
        .toSorted((a, b) => a.location.start.line - b.location.start.line)
        .map(({ status, mutatorName, replacement, location }) => {
          const { start, end } = location;
          const text =
            start.line === end.line
              ? (lines[start.line - 1] ?? "").slice(start.column - 1, end.column - 1)
              : `${(lines[start.line - 1] ?? "").slice(start.column - 1)} ...`;
          const flag = status === "NoCoverage" ? " (no test comes here)" : "";
          return `${name}:${start.line}:${start.column} ${mutatorName}${flag}\n    - ${text}\n    + ${replacement ?? ""}`;
        });
    });
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
