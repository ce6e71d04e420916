/** `data.partition` divides items into those for which a function is true and the others; nothing is lost. */
import { z } from "zod";
import { defineNode, lambda } from "../define-node.ts";
import { Collection, entriesOf, isListOf } from "./collection.ts";
import { namingItem } from "./item-function.ts";

export const dataPartition = defineNode({
  type: "data.partition",
  title: "Partition",
  description:
    "Divides the items into `passed`, for which `partition` is true, and `failed`, the others.",
  category: "data",
  icon: "columns",
  pure: true,
  config: z.strictObject({
    items: Collection.describe("The list, or an object whose fields are divided"),
    partition: lambda<[unknown, number | string]>("(item, index) => true or false").describe(
      "Whether an item passes",
    ),
  }),
  output: z.strictObject({ passed: Collection, failed: Collection }),
  examples: [
    {
      title: "Paid and open orders",
      with: {
        items: [
          { id: 1, paid: true },
          { id: 2, paid: false },
        ],
        partition: "(order) => order.paid",
      },
      output: { passed: [{ id: 1, paid: true }], failed: [{ id: 2, paid: false }] },
    },
    {
      title: "Fields of an object",
      with: { items: { a: 1, b: null }, partition: "(value) => value != null" },
      output: { passed: { a: 1 }, failed: { b: null } },
    },
  ],
  run({ items, partition }) {
    const passes = namingItem(partition);
    const passed: (readonly [number | string, unknown])[] = [];
    const failed: typeof passed = [];
    for (const entry of entriesOf(items))
      (passes(entry[1], entry[0]) ? passed : failed).push(entry);
    return isListOf(items)
      ? { passed: passed.map(([, item]) => item), failed: failed.map(([, item]) => item) }
      : { passed: Object.fromEntries(passed), failed: Object.fromEntries(failed) };
  },
});
