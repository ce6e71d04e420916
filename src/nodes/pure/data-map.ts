/** `data.map` turns every item into another; an object keeps its keys. */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { Collection, entriesOf, isListOf } from "./collection.ts";

export const dataMap = defineNode({
  type: "data.map",
  title: "Map",
  description: "Calls `map` with every item and collects the results.",
  category: "data",
  icon: "arrow-right",
  pure: true,
  config: z.strictObject({
    items: Collection.meta({ description: "A list, or an object that keeps its keys" }),
    map: lambda<[unknown, number | string]>("(item, index) => result").describe(
      "Makes an item of the result",
    ),
  }),
  output: Collection,
  examples: [
    {
      title: "Prices of lines",
      with: {
        items: [
          { price: 2, quantity: 3 },
          { price: 5, quantity: 1 },
        ],
        map: "(line) => line.price * line.quantity",
      },
      output: [6, 5],
    },
    {
      title: "An object's values",
      with: { items: { a: 1, b: 2 }, map: "(value, key) => key + value" },
      output: { a: "a1", b: "b2" },
    },
  ],
  run({ items, map }) {
    if (isListOf(items)) return items.map((item, index) => map(item, index));
    return Object.fromEntries(entriesOf(items).map(([key, item]) => [key, map(item, key)]));
  },
});
