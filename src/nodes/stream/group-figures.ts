/**
 * Figures of a group that are kept up to date record by record, as data.group computes them of a
 * list. Figures that need all values at once (median, values, unique) are not among them.
 */
import { type Aggregate, figureOf } from "../pure/aggregate.ts";
import { compareJson } from "../pure/compare-json.ts";
import { fieldNames, readField } from "../pure/field-path.ts";

type RunningOp = "count" | "sum" | "avg" | "min" | "max" | "first" | "last";

/** How many values there were, and their sum, or the one that is kept. */
type Kept = [count: number, value: unknown];

export interface RunningGroup {
  readonly key: unknown;
  /** Of its first record. */
  readonly index: number;
  count: number;
  readonly kept: Kept[];
}

export interface RunningFigures {
  open(key: unknown, index: number): RunningGroup;
  add(group: RunningGroup, record: unknown): void;
  /** As data.group gives it. */
  result(group: RunningGroup): Record<string, unknown>;
}

type Aggregates = Readonly<Record<string, Aggregate>>;

/** Whether a group's records must be there all at once. */
export function needsItems(aggregates: Aggregates): boolean {
  return Object.values(aggregates).some(({ op }) => !isRunning(op));
}

function isRunning(op: Aggregate["op"]): op is RunningOp {
  return op !== "median" && op !== "values" && op !== "unique";
}

export function runningFigures(aggregates: Aggregates): RunningFigures {
  const figures = Object.entries(aggregates).map(([name, aggregate]) => {
    const { op, field } = aggregate;
    if (!isRunning(op)) throw new Error(`${op} is no running figure`);
    const names = field === undefined ? [] : fieldNames(field);
    return { name, aggregate, names, op, add: ADD[op] };
  });
  return {
    open: (key, index) => ({ key, index, count: 0, kept: figures.map((): Kept => [0, null]) }),
    add(group, record) {
      group.count += 1;
      for (let at = 0; at < figures.length; at += 1) {
        const figure = figures[at];
        const kept = group.kept[at];
        if (figure === undefined || kept === undefined) continue;
        const value = readField(record, figure.names);
        if (value === null || value === undefined) continue;
        // What does not fit is refused in the words of the list form.
        if (typeof value !== "number" && (figure.op === "sum" || figure.op === "avg"))
          figureOf(`aggregates.${figure.name}`, figure.aggregate, [record]);
        figure.add(kept, value);
        kept[0] += 1;
      }
    },
    result(group) {
      const result: [string, unknown][] = [
        ["key", group.key],
        ["count", group.count],
      ];
      for (const [at, { name, op }] of figures.entries())
        result.push([name, resultOf(op, group.kept[at] ?? [0, null])]);
      return Object.fromEntries(result);
    },
  };
}

const ADD: Readonly<Record<RunningOp, (kept: Kept, value: unknown) => void>> = {
  count() {},
  sum: addUp,
  avg: addUp,
  min: (kept, value) => keepExtreme(kept, value, -1),
  max: (kept, value) => keepExtreme(kept, value, 1),
  first(kept, value) {
    if (kept[0] === 0) kept[1] = value;
  },
  last(kept, value) {
    kept[1] = value;
  },
};

function addUp(kept: Kept, value: unknown): void {
  kept[1] = ((kept[1] as number | null) ?? 0) + (value as number);
}

function keepExtreme(kept: Kept, value: unknown, sign: 1 | -1): void {
  if (kept[0] === 0 || compareJson(value, kept[1]) * sign > 0) kept[1] = value;
}

function resultOf(op: RunningOp, [count, value]: Kept): unknown {
  if (op === "count") return count;
  if (op === "sum") return value ?? 0;
  if (op === "avg") return count === 0 ? null : (value as number) / count;
  return value;
}
