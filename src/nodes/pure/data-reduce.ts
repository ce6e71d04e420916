/** `data.reduce` folds the items into one value. */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { Collection, entriesOf } from "./collection.ts";

export const dataReduce = defineNode({
  type: "data.reduce",
  title: "Reduce",
  description:
    "Folds the items into one value, from `initial` on; without `initial` from the first item on (null for no items).",
  category: "data",
  icon: "sigma",
  pure: true,
  config: z.strictObject({
    items: Collection.meta({ description: "A list, or an object whose values are folded" }),
    initial: z.unknown().optional().meta({ description: "The value before the first item" }),
    reduce: lambda<[unknown, unknown, number | string]>("(result, item, index) => result").describe(
      "Gives the next result",
    ),
  }),
  output: z.unknown(),
  examples: [
    {
      title: "A sum",
      with: { items: [1, 2, 3], initial: 0, reduce: "(sum, item) => sum + item" },
      output: 6,
    },
    {
      title: "The longest word",
      with: {
        items: ["a", "abc", "ab"],
        reduce: "(best, word) => word.length > best.length ? word : best",
      },
      output: "abc",
    },
  ],
  run({ items, initial, reduce }) {
    const entries = entriesOf(items);
    const startsAtFirst = initial === undefined;
    let result: unknown = startsAtFirst ? (entries[0]?.[1] ?? null) : initial;
    for (const [index, item] of startsAtFirst ? entries.slice(1) : entries)
      result = reduce(result, item, index);
    return result;
  },
});
