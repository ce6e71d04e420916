/**
 * `data.sort` orders a list by a function, a field, or several keys, each ascending or descending.
 * Stable; null < boolean < number < string (compare-json.ts). Keys are computed once per item.
 */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { List } from "./collection.ts";
import { compareJson } from "./compare-json.ts";
import { FieldPath } from "./field-path.ts";
import { type ItemFunction, itemFunction } from "./item-function.ts";

const Order = z.enum(["asc", "desc"]);

export interface SortKey {
  readonly read: ItemFunction;
  readonly sign: 1 | -1;
}

/** The configuration without the list. */
export interface SortHow {
  readonly by?: ItemFunction | undefined;
  readonly field?: FieldPath | undefined;
  readonly keys?:
    | readonly { readonly field: FieldPath; readonly order: "asc" | "desc" }[]
    | undefined;
  readonly order: "asc" | "desc";
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
      items: List.describe("The list"),
      by: lambda<[unknown, number | string]>("(item, index) => what to sort by")
        .optional()
        .describe("What an item is sorted by; a list sorts by its first value, then the next"),
      field: FieldPath.optional().describe("The field to sort by"),
      keys: z
        .array(
          z.strictObject({
            field: FieldPath,
            order: Order.default("asc").describe("Of this field"),
          }),
        )
        .min(1)
        .optional()
        .describe("Fields, the most important first"),
      order: Order.default("asc").describe("For `by`, `field` and the items themselves"),
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
  stream: { field: "items", takes: "records", gives: "records" },
  run({ items, ...how }) {
    const sortKeys = sortKeysOf(how);
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

/** What a checked configuration sorts by, the most important first. */
export function sortKeysOf({ by, field, keys, order }: SortHow): readonly SortKey[] {
  if (keys !== undefined) return keys.map((key) => byField(key.field, key.order));
  if (field !== undefined) return [byField(field, order)];
  return [{ read: itemFunction(by, undefined), sign: signOf(order) }];
}

function byField(path: FieldPath, order: "asc" | "desc"): SortKey {
  return { read: itemFunction(undefined, path), sign: signOf(order) };
}

function signOf(order: "asc" | "desc"): 1 | -1 {
  return order === "asc" ? 1 : -1;
}
