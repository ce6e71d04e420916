/** `data.filter` keeps the items for which a function is true; an object keeps those keys. */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { Collection, entriesOf, isListOf } from "./collection.ts";

export const dataFilter = defineNode({
  type: "data.filter",
  title: "Filter",
  description: "Keeps the items for which `filter` is true.",
  category: "data",
  icon: "funnel",
  pure: true,
  config: z.strictObject({
    items: Collection.meta({ description: "A list, or an object whose values are looked at" }),
    filter: lambda<[unknown, number | string]>("(item, index) => true or false").describe(
      "Decides for each item",
    ),
  }),
  output: Collection,
  examples: [
    {
      title: "Large orders",
      with: { items: [{ total: 5 }, { total: 500 }], filter: "(order) => order.total > 100" },
      output: [{ total: 500 }],
    },
    {
      title: "Fields of an object",
      with: { items: { a: 1, b: null }, filter: "(value) => value != null" },
      output: { a: 1 },
    },
  ],
  run({ items, filter }) {
    if (isListOf(items)) return items.filter((item, index) => Boolean(filter(item, index)));
    return Object.fromEntries(entriesOf(items).filter(([key, item]) => Boolean(filter(item, key))));
  },
});
