/** `data.flat_map` turns every item into any number of items: a function or a field gives lists, whose items follow each other. */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { List } from "./collection.ts";
import { addFlat } from "./data-flatten.ts";
import { FieldPath } from "./field-path.ts";
import { itemFunction } from "./item-function.ts";

export const dataFlatMap = defineNode({
  type: "data.flat_map",
  title: "Flat map",
  description:
    "Calls `map` with every item, or reads `field` of it, and joins the lists that come of it into one. What is no list is one item.",
  category: "data",
  icon: "split",
  pure: true,
  config: z
    .strictObject({
      items: List.describe("The list"),
      map: lambda<[unknown, number | string]>("(item, index) => list")
        .optional()
        .describe("What an item becomes"),
      field: FieldPath.optional().describe(
        "The field with an item's list; an item where it is missing or null gives nothing",
      ),
    })
    .refine(({ map, field }) => map === undefined || field === undefined, {
      error: "takes one of map and field",
      path: ["map"],
    }),
  output: List,
  examples: [
    {
      title: "All lines of all orders",
      with: { items: [{ lines: ["a", "b"] }, { lines: [] }, { lines: ["c"] }], field: "lines" },
      output: ["a", "b", "c"],
    },
    {
      title: "Each item twice",
      with: { items: [1, 2], map: "(n) => [n, n * 10]" },
      output: [1, 10, 2, 20],
    },
  ],
  run({ items, map, field }) {
    const flat: unknown[] = [];
    const listOf = itemFunction(map, field);
    for (const [index, item] of items.entries()) {
      const made = listOf(item, index) ?? null;
      if (made !== null || field === undefined) addFlat(flat, [made], 1);
    }
    return flat;
  },
});
