/**
 * `data.group` puts items with an equal key together and computes figures of each group.
 * Groups come in the order in which their keys first appear; keys are equal as JSON values
 * (1 and "1" differ, the order of an object's keys does not matter), or as text when the groups are
 * the fields of an object.
 */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { Aggregate, figureOf } from "./aggregate.ts";
import { Collection, List } from "./collection.ts";
import { identityOf } from "./compare-json.ts";
import { FieldPath } from "./field-path.ts";
import { itemFunction } from "./item-function.ts";
import { textOfValue } from "./value-conversions.ts";

export const dataGroup = defineNode({
  type: "data.group",
  title: "Group",
  description:
    "Groups items by a function (`by`) or a field, as a list of `{ key, count, items }` with the figures asked for in `aggregates`, or as an object with a field for each group.",
  category: "data",
  icon: "group",
  pure: true,
  config: z
    .strictObject({
      items: List.describe("The list"),
      by: lambda<[unknown, number | string]>("(item, index) => the group's key")
        .optional()
        .describe("What items of a group have in common; a list for several"),
      field: FieldPath.optional().describe("The field that items of a group have in common"),
      aggregates: z
        .record(
          z.string().refine((name) => !["", "key", "count", "items"].includes(name), {
            error: "key, count and items are fields of every group; choose another name",
          }),
          Aggregate,
        )
        .optional()
        .describe("Figures of each group by name: `{ revenue: { op: sum, field: total } }`"),
      withItems: z
        .boolean()
        .optional()
        .describe("Whether groups list their items; default: only without aggregates"),
      result: z
        .enum(["list", "object"])
        .default("list")
        .describe(
          "list: `{ key, count, ... }` per group. object: by key, the list of a group's items, or its figures (the one figure itself if there is only one)",
        ),
    })
    .refine(({ by, field }) => (by === undefined) !== (field === undefined), {
      error: "takes exactly one of by and field",
      path: ["by"],
    }),
  output: Collection,
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
    {
      title: "How many of each, by name",
      with: {
        items: [{ status: "open" }, { status: "paid" }, { status: "open" }],
        field: "status",
        aggregates: { n: { op: "count" } },
        result: "object",
      },
      output: { open: 2, paid: 1 },
    },
  ],
  stream: {
    field: "items",
    takes: "records",
    gives: "records",
    refusal: ({ result }) => (result === "object" ? "result: object needs a list." : null),
  },
  run({ items, by, field, aggregates, withItems, result }) {
    const groups = groupsOf(items, itemFunction(by, field), result === "object");
    const listed = withItems ?? aggregates === undefined;
    if (result === "object") {
      const fields = groups.map((group) => [
        textOfValue(group.key),
        fieldOf(group, aggregates ?? {}, listed),
      ]);
      return Object.fromEntries(fields) as Collection;
    }
    return groups.map((group) => ({
      key: group.key,
      count: group.items.length,
      ...figuresOf(group, aggregates ?? {}),
      ...(listed ? { items: group.items } : {}),
    }));
  },
});

interface Group {
  readonly key: unknown;
  readonly items: unknown[];
}

type Aggregates = Readonly<Record<string, Aggregate>>;

function groupsOf(
  items: readonly unknown[],
  keyOf: (item: unknown, index: number) => unknown,
  isByText: boolean,
): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item, index) ?? null;
    const name = isByText ? nameOf(key) : key;
    const identity = identityOf(name);
    const group = groups.get(identity);
    if (group === undefined) groups.set(identity, { key: name, items: [item] });
    else group.items.push(item);
  }
  return [...groups.values()];
}

/** As a field of an object a null key is `null`, not an empty name. */
function nameOf(key: unknown): string {
  return key === null ? "null" : textOfValue(key);
}

function figuresOf({ items }: Group, aggregates: Aggregates): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(aggregates).map(([name, aggregate]) => [
      name,
      figureOf(`aggregates.${name}`, aggregate, items),
    ]),
  );
}

/** What stands under the group's key. */
function fieldOf(group: Group, aggregates: Aggregates, listed: boolean): unknown {
  const figures = figuresOf(group, aggregates);
  const values = Object.values(figures);
  if (listed) return values.length === 0 ? group.items : { ...figures, items: group.items };
  return values.length === 1 ? values[0] : figures;
}
