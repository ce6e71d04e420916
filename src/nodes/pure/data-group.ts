/**
 * `data.group` puts items with an equal key together and computes figures of each group.
 * Groups come in the order in which their keys first appear; keys are equal as JSON values
 * (1 and "1" differ, the order of an object's keys does not matter).
 */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode, lambda } from "../define-node.ts";
import { List } from "./collection.ts";
import { compareJson, identityOf } from "./compare-json.ts";
import { FieldPath, fieldNames, readField } from "./field-path.ts";

const Aggregate = z.strictObject({
  op: z
    .enum(["count", "sum", "avg", "min", "max", "values"])
    .meta({ description: "What is made of the values of a group" }),
  field: FieldPath.optional().meta({
    description:
      "What is counted or added up; the item itself without it. Null values are left out",
  }),
});

type Aggregate = z.infer<typeof Aggregate>;

export const dataGroup = defineNode({
  type: "data.group",
  title: "Group",
  description:
    "Groups items by a function (`by`) or a field, as a list of `{ key, count, items }` or with the figures asked for in `aggregates`.",
  category: "data",
  icon: "group",
  pure: true,
  config: z
    .strictObject({
      items: List.meta({ description: "What is grouped" }),
      by: lambda<[unknown, number]>("(item, index) => the group's key")
        .optional()
        .describe("Gives the group of an item; or use `field`"),
      field: FieldPath.optional().meta({ description: "The field that groups; or use `by`" }),
      aggregates: z
        .record(
          z.string().refine((name) => !["", "key", "count", "items"].includes(name), {
            error: "key, count and items are fields of every group; choose another name",
          }),
          Aggregate,
        )
        .optional()
        .meta({ description: "Figures of each group by name" }),
      withItems: z
        .boolean()
        .optional()
        .meta({ description: "Whether groups list their items; default: only without aggregates" }),
    })
    .refine(({ by, field }) => (by === undefined) !== (field === undefined), {
      error: "takes exactly one of by and field",
      path: ["by"],
    }),
  output: List,
  examples: [
    {
      title: "Even and odd",
      with: { items: [1, 2, 3], by: "(n) => n % 2 == 0 ? 'even' : 'odd'" },
      output: [
        { key: "odd", count: 2, items: [1, 3] },
        { key: "even", count: 1, items: [2] },
      ],
    },
    {
      title: "Revenue per city",
      with: {
        items: [
          { city: "Oslo", total: 10 },
          { city: "Bern", total: 5 },
          { city: "Oslo", total: 20 },
        ],
        field: "city",
        aggregates: {
          revenue: { op: "sum", field: "total" },
          mean: { op: "avg", field: "total" },
        },
      },
      output: [
        { key: "Oslo", count: 2, revenue: 30, mean: 15 },
        { key: "Bern", count: 1, revenue: 5, mean: 5 },
      ],
    },
  ],
  run({ items, by, field, aggregates, withItems }) {
    const names = field === undefined ? [] : fieldNames(field);
    const keyOf = by ?? ((item: unknown) => readField(item, names));
    const groups = new Map<string, { key: unknown; items: unknown[] }>();
    for (const [index, item] of items.entries()) {
      const key = keyOf(item, index) ?? null;
      const identity = identityOf(key);
      const group = groups.get(identity);
      if (group === undefined) groups.set(identity, { key, items: [item] });
      else group.items.push(item);
    }
    return [...groups.values()].map((group) => {
      const figures = Object.entries(aggregates ?? {}).map(
        ([name, aggregate]) => [name, figureOf(name, aggregate, group.items)] as const,
      );
      const listed = withItems ?? aggregates === undefined;
      return {
        key: group.key,
        count: group.items.length,
        ...Object.fromEntries(figures),
        ...(listed ? { items: group.items } : {}),
      };
    });
  },
});

function figureOf(name: string, { op, field }: Aggregate, items: readonly unknown[]): unknown {
  const names = field === undefined ? [] : fieldNames(field);
  const values = items
    .map((item) => readField(item, names))
    .filter((value) => value !== null && value !== undefined);
  switch (op) {
    case "count":
      return values.length;
    case "values":
      return values;
    case "sum":
      return sumOf(name, values);
    case "avg":
      return values.length === 0 ? null : sumOf(name, values) / values.length;
    case "min":
      return extremeOf(values, -1);
    case "max":
      return extremeOf(values, 1);
  }
}

/** The first of the largest (1) or smallest (-1) values; null for none. */
function extremeOf(values: readonly unknown[], sign: 1 | -1): unknown {
  let best: unknown = null;
  for (const [index, value] of values.entries())
    if (index === 0 || compareJson(value, best) * sign > 0) best = value;
  return best;
}

function sumOf(name: string, values: readonly unknown[]): number {
  let sum = 0;
  for (const value of values) {
    if (typeof value !== "number")
      throw new NodeError(
        "config_invalid",
        `aggregates.${name}: ${JSON.stringify(value)?.slice(0, 80)} is not a number; sum and avg need numbers.`,
        { details: { field: `aggregates.${name}` } },
      );
    sum += value;
  }
  return sum;
}
