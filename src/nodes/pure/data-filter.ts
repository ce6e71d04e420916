/**
 * `data.filter` keeps the items for which a function is true; an object keeps those keys. Items for
 * which the function fails can be left out or listed beside the results.
 */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { Collection, entriesOf, isListOf } from "./collection.ts";
import { ItemFault, namingItem, settle } from "./item-function.ts";
import { refuseReport } from "./stream-value.ts";

const Report = z.strictObject({
  results: Collection,
  skipped: z.int(),
  failed: z.array(ItemFault),
});

export const dataFilter = defineNode({
  type: "data.filter",
  title: "Filter",
  description: "Keeps the items for which `filter` is true.",
  category: "data",
  icon: "funnel",
  pure: true,
  config: z.strictObject({
    items: Collection.describe("The list, or an object whose fields are filtered"),
    filter: lambda<[unknown, number | string]>("(item, index) => true or false").describe(
      "Whether an item stays",
    ),
    onItemError: z
      .enum(["fail", "skip", "report"])
      .default("fail")
      .describe(
        "When `filter` fails for an item: the step fails, the item is left out, or the output is `{ results, skipped, failed: [{ index, error }] }`",
      ),
  }),
  output: z.union([Report, Collection]),
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
    {
      title: "What cannot be judged is left out",
      with: { items: ["ab", 7, "c"], filter: "(text) => text.length > 1", onItemError: "skip" },
      output: ["ab"],
    },
  ],
  stream: { field: "items", takes: "records", gives: "records", refusal: refuseReport },
  run({ items, filter, onItemError }) {
    const isKept = namingItem(filter);
    if (onItemError === "fail" && isListOf(items))
      return items.filter((item, index) => Boolean(isKept(item, index)));
    const failed: ItemFault[] = [];
    const entries = entriesOf(items);
    const kept = entries.filter(([place, item]) => {
      if (onItemError === "fail") return Boolean(isKept(item, place));
      const settled = settle(place, () => isKept(item, place));
      if (!settled.ok) failed.push(settled.fault);
      return settled.ok && Boolean(settled.value);
    });
    const results = isListOf(items) ? kept.map(([, item]) => item) : Object.fromEntries(kept);
    if (onItemError !== "report") return results;
    return { results, skipped: entries.length - kept.length - failed.length, failed };
  },
});
