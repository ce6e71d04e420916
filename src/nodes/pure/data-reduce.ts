/**
 * `data.reduce` folds the items into one value. Items for which the function fails can be passed
 * over, or listed beside the result.
 */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { Collection, entriesOf } from "./collection.ts";
import { type ItemFault, namingItem, settle } from "./item-function.ts";

export const dataReduce = defineNode({
  type: "data.reduce",
  title: "Reduce",
  description:
    "Folds the items into one value, from `initial` on; without `initial` from the first item on (null for no items).",
  category: "data",
  icon: "sigma",
  pure: true,
  config: z.strictObject({
    items: Collection.describe("The list, or an object whose values are folded"),
    initial: z.unknown().optional().describe("The value before the first item"),
    reduce: lambda<[unknown, unknown, number | string]>("(result, item, index) => result").describe(
      "The new result of the one so far and an item",
    ),
    onItemError: z
      .enum(["fail", "skip", "report"])
      .default("fail")
      .describe(
        "When `reduce` fails for an item: the step fails, the item is passed over, or so and the output is `{ result, succeeded, failed: [{ index, error }] }`",
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
    {
      title: "A list per letter",
      with: {
        items: ["ant", "bee", "asp"],
        initial: {},
        reduce: "(all, word) => ({ ...all, [word[0]]: [...(all?.[word[0]] ?? []), word] })",
      },
      output: { a: ["ant", "asp"], b: ["bee"] },
    },
  ],
  run({ items, initial, reduce, onItemError }) {
    const failed: ItemFault[] = [];
    const entries = entriesOf(items);
    const startsAtFirst = initial === undefined;
    let result: unknown = startsAtFirst ? (entries[0]?.[1] ?? null) : initial;
    const next = namingItem((item, place) => reduce(result, item, place));
    for (const [place, item] of startsAtFirst ? entries.slice(1) : entries) {
      if (onItemError === "fail") {
        result = next(item, place);
        continue;
      }
      const settled = settle(place, () => next(item, place));
      if (settled.ok) result = settled.value;
      else failed.push(settled.fault);
    }
    if (onItemError !== "report") return result;
    return { result, succeeded: entries.length - failed.length, failed };
  },
});
