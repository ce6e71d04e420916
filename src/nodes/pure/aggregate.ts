/**
 * Figures of a list: how many, how much, the least, the middle. Null and missing values are left
 * out, so that a figure says something about the values that are there.
 */
import { z } from "zod";
import { compareJson, identityOf } from "./compare-json.ts";
import { fieldFault } from "./field-fault.ts";
import { FieldPath } from "./field-path.ts";
import { itemFunction } from "./item-function.ts";

export const Aggregate = z.strictObject({
  op: z
    .enum(["count", "sum", "avg", "median", "min", "max", "first", "last", "values", "unique"])
    .describe("The figure; unique: the different values, values: all of them"),
  field: FieldPath.optional().describe(
    "What is counted or added up; the item itself without it. Null values are left out",
  ),
});

export type Aggregate = z.infer<typeof Aggregate>;

/** The figure of `items`; null for avg, median, min, max, first and last of nothing. `place` is named in errors. */
export function figureOf(
  place: string,
  { op, field }: Aggregate,
  items: readonly unknown[],
): unknown {
  const read = itemFunction(undefined, field);
  const values = items.map(read).filter((value) => value !== null && value !== undefined);
  switch (op) {
    case "count":
      return values.length;
    case "values":
      return values;
    case "unique":
      return [...new Map(values.map((value) => [identityOf(value), value])).values()];
    case "first":
      return values[0] ?? null;
    case "last":
      return values.at(-1) ?? null;
    case "min":
      return extremeOf(values, -1);
    case "max":
      return extremeOf(values, 1);
    default:
      return numericFigureOf(place, op, values);
  }
}

function numericFigureOf(
  place: string,
  op: "sum" | "avg" | "median",
  values: readonly unknown[],
): number | null {
  const numbers = values.map((value) => {
    if (typeof value === "number") return value;
    const shown = JSON.stringify(value).slice(0, 80);
    throw fieldFault(place, `${shown} is not a number; ${op} needs numbers.`);
  });
  if (op === "median") return medianOf(numbers);
  let sum = 0;
  for (const number of numbers) sum += number;
  if (op === "sum") return sum;
  return numbers.length === 0 ? null : sum / numbers.length;
}

/** The middle one, or the mean of the two in the middle. */
function medianOf(numbers: readonly number[]): number | null {
  const sorted = numbers.toSorted((left, right) => left - right);
  const high = sorted[sorted.length >> 1];
  const low = sorted[(sorted.length - 1) >> 1];
  return high === undefined || low === undefined ? null : low + (high - low) / 2;
}

/** The first of the largest (1) or smallest (-1) values; null for none. */
function extremeOf(values: readonly unknown[], sign: 1 | -1): unknown {
  let best: unknown = null;
  for (const [index, value] of values.entries())
    if (index === 0 || compareJson(value, best) * sign > 0) best = value;
  return best;
}
