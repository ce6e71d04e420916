/**
 * `data.unique` leaves out repeated items. Items are equal as JSON values: 1 and "1" differ, the
 * order of an object's keys does not matter.
 */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { List } from "./collection.ts";
import { identityOf } from "./compare-json.ts";
import { FieldPath } from "./field-path.ts";
import { itemFunction } from "./item-function.ts";

export const dataUnique = defineNode({
  type: "data.unique",
  title: "Unique",
  description:
    "Leaves out items that were there before: equal as a whole, in a field (`field`), or in what a function gives (`by`).",
  category: "data",
  icon: "fingerprint",
  pure: true,
  config: z
    .strictObject({
      items: List.describe("The list"),
      by: lambda<[unknown, number | string]>("(item, index) => what must differ")
        .optional()
        .describe("What of an item is compared"),
      field: FieldPath.optional().describe("The field that is compared"),
      keep: z
        .enum(["first", "last"])
        .default("first")
        .describe("Which of the equal items stays; it stays in its place"),
    })
    .refine(({ by, field }) => by === undefined || field === undefined, {
      error: "takes one of by and field",
      path: ["by"],
    }),
  output: List,
  examples: [
    { title: "Numbers", with: { items: [1, 2, 1, 3, 2] }, output: [1, 2, 3] },
    {
      title: "The newest of each id",
      with: {
        items: [
          { id: 1, v: "a" },
          { id: 2, v: "b" },
          { id: 1, v: "c" },
        ],
        field: "id",
        keep: "last",
      },
      output: [
        { id: 2, v: "b" },
        { id: 1, v: "c" },
      ],
    },
  ],
  run({ items, by, field, keep }) {
    const keyOf = itemFunction(by, field);
    const keys = items.map((item, index) => identityOf(keyOf(item, index)));
    const places = new Map<string, number>();
    for (const [index, key] of keys.entries())
      if (keep === "last" || !places.has(key)) places.set(key, index);
    return items.filter((_, index) => places.get(keys[index] ?? "") === index);
  },
});
