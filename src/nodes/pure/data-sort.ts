/**
 * `data.sort` orders a list by a function, a field, or several keys, each ascending or descending.
 * Stable; null < boolean < number < string (compare-json.ts). Keys are computed once per item.
 */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { List } from "./collection.ts";
import { compareJson } from "./compare-json.ts";
import { FieldPath, fieldNames, readField } from "./field-path.ts";

const Order = z.enum(["asc", "desc"]);

interface SortKey {
  readonly read: (item: unknown, index: number) => unknown;
  readonly sign: 1 | -1;
}

export const dataSort = defineNode({
  type: "data.sort",
  title: "Sort",
  description:
    "Sorts a list: by a function (`by`), a field (`field`), several fields (`keys`), or the items themselves.",
  category: "data",
  icon: "sort",
  pure: true,
  config: z
    .strictObject({
      items: List.meta({ description: "What is sorted; it stays as it is" }),
      by: lambda<[unknown, number]>("(item, index) => what to sort by")
        .optional()
        .describe("Gives what an item is sorted by"),
      field: FieldPath.optional().meta({ description: "A field to sort by" }),
      keys: z
        .array(
          z.strictObject({
            field: FieldPath,
            order: Order.default("asc").meta({ description: "Of this field" }),
          }),
        )
        .min(1)
        .optional()
        .meta({ description: "Fields, the most important first" }),
      order: Order.default("asc").meta({
        description: "For `by`, `field` and the items themselves",
      }),
    })
    .refine(
      ({ by, field, keys }) => [by, field, keys].filter((key) => key !== undefined).length <= 1,
      { error: "takes one of by, field and keys", path: ["by"] },
    ),
  output: List,
  examples: [
    { title: "Numbers", with: { items: [3, 1, 2] }, output: [1, 2, 3] },
    {
      title: "By a function, largest first",
      with: {
        items: [{ n: 1 }, { n: 3 }],
        by: "(item) => item.n",
        order: "desc",
      },
      output: [{ n: 3 }, { n: 1 }],
    },
    {
      title: "By two fields",
      with: {
        items: [
          { city: "Oslo", age: 30 },
          { city: "Bern", age: 20 },
          { city: "Oslo", age: 40 },
        ],
        keys: [{ field: "city" }, { field: "age", order: "desc" }],
      },
      output: [
        { city: "Bern", age: 20 },
        { city: "Oslo", age: 40 },
        { city: "Oslo", age: 30 },
      ],
    },
  ],
  run({ items, by, field, keys, order }) {
    const sortKeys: readonly SortKey[] =
      keys?.map((key) => byField(key.field, key.order)) ??
      (field !== undefined
        ? [byField(field, order)]
        : [{ read: by ?? itself, sign: signOf(order) }]);
    return items
      .map((item, index) => ({ item, values: sortKeys.map(({ read }) => read(item, index)) }))
      .sort((left, right) => {
        for (const [index, { sign }] of sortKeys.entries()) {
          const compared = compareJson(left.values[index], right.values[index]);
          if (compared !== 0) return compared * sign;
        }
        return 0;
      })
      .map(({ item }) => item);
  },
});

function byField(path: FieldPath, order: "asc" | "desc"): SortKey {
  const names = fieldNames(path);
  return { read: (item) => readField(item, names), sign: signOf(order) };
}

function signOf(order: "asc" | "desc"): 1 | -1 {
  return order === "asc" ? 1 : -1;
}

function itself(item: unknown): unknown {
  return item;
}
