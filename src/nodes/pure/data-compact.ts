/** `data.compact` leaves out nulls, and empty texts, lists and objects if asked, of a list or an object. */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { Collection, entriesOf, isListOf } from "./collection.ts";

interface Rules {
  readonly removeEmpty: boolean;
  readonly deep: boolean;
}

export const dataCompact = defineNode({
  type: "data.compact",
  title: "Compact",
  description:
    "Leaves out items or fields that are null, and with `removeEmpty` also empty texts, lists and objects.",
  category: "data",
  icon: "minimize",
  pure: true,
  config: z.strictObject({
    items: Collection.describe("The list or object"),
    removeEmpty: z
      .boolean()
      .default(false)
      .describe("Whether empty texts, lists and objects go too; 0 and false always stay"),
    deep: z.boolean().default(false).describe("Whether lists and objects inside are compacted too"),
  }),
  output: Collection,
  examples: [
    { title: "Without nulls", with: { items: [1, null, 0, "", false] }, output: [1, 0, "", false] },
    {
      title: "An object for an API that wants no empty fields",
      with: {
        items: { name: "Ada", title: "", tags: [null], address: { city: null } },
        removeEmpty: true,
        deep: true,
      },
      output: { name: "Ada" },
    },
  ],
  run: ({ items, removeEmpty, deep }) => compacted(items, { removeEmpty, deep }),
});

function compacted(items: Collection, rules: Rules): Collection {
  const kept = entriesOf(items)
    .map(([place, item]) => [
      place,
      rules.deep && isCollection(item) ? compacted(item, rules) : item,
    ])
    .filter(([, item]) => !isNothing(item, rules.removeEmpty));
  return isListOf(items) ? kept.map(([, item]) => item) : (Object.fromEntries(kept) as Collection);
}

function isCollection(value: unknown): value is Collection {
  return typeof value === "object" && value !== null;
}

function isNothing(value: unknown, removeEmpty: boolean): boolean {
  if (value === null || value === undefined) return true;
  if (!removeEmpty) return false;
  return value === "" || (typeof value === "object" && Object.keys(value).length === 0);
}
