/** `data.reverse` turns a list around. */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { List } from "./collection.ts";

export const dataReverse = defineNode({
  type: "data.reverse",
  title: "Reverse",
  description: "Turns a list around: the last item comes first.",
  category: "data",
  icon: "arrow-up-down",
  pure: true,
  config: z.strictObject({ items: List.describe("The list") }),
  output: List,
  examples: [
    { title: "Numbers", with: { items: [1, 2, 3] }, output: [3, 2, 1] },
    { title: "Nothing", with: { items: [] }, output: [] },
  ],
  run: ({ items }) => items.toReversed(),
});
