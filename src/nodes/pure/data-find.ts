/**
 * `data.find` gives the first item (or the last) for which a function is true: the item itself, its
 * index or key, or both with whether there was one, which tells a found null from nothing.
 */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { Collection, entriesOf } from "./collection.ts";
import { namingItem } from "./item-function.ts";

export const dataFind = defineNode({
  type: "data.find",
  title: "Find",
  description:
    "Gives the first item for which `find` is true, or its index; null when there is none.",
  category: "data",
  icon: "search",
  pure: true,
  config: z.strictObject({
    items: Collection.describe("The list, or an object whose values are looked at"),
    find: lambda<[unknown, number | string]>("(item, index) => true or false").describe(
      "Which item is wanted",
    ),
    from: z.enum(["start", "end"]).default("start").describe("Where the search begins"),
    result: z
      .enum(["item", "index", "both"])
      .default("item")
      .describe(
        "What it gives: the item, its index (or key), or `{ found, index, item }`; null where nothing was found",
      ),
  }),
  output: z.unknown(),
  examples: [
    {
      title: "The first large order",
      with: {
        items: [{ total: 5 }, { total: 500 }, { total: 900 }],
        find: "(order) => order.total > 100",
      },
      output: { total: 500 },
    },
    {
      title: "Where the last one is",
      with: { items: [1, 7, 3, 7], find: "(n) => n == 7", from: "end", result: "index" },
      output: 3,
    },
    {
      title: "Nothing",
      with: { items: [1], find: "(n) => n > 1", result: "both" },
      output: { found: false, index: null, item: null },
    },
  ],
  run({ items, find, from, result }) {
    const entries = entriesOf(items);
    const isWanted = namingItem(find);
    const ordered = from === "start" ? entries : entries.toReversed();
    const hit = ordered.find(([place, item]) => Boolean(isWanted(item, place)));
    const [index, item] = hit ?? [null, null];
    if (result === "both") return { found: hit !== undefined, index, item };
    return result === "index" ? index : item;
  },
});
