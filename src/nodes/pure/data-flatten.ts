/** `data.flatten` puts the items of lists inside a list in their place, to a depth. */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { ITEMS_MAX, List } from "./collection.ts";
import { limitFault } from "./field-fault.ts";
import { NESTING_MAX } from "./plain-json.ts";

export const dataFlatten = defineNode({
  type: "data.flatten",
  title: "Flatten",
  description: "Replaces lists inside a list by their items, one level deep or as deep as asked.",
  category: "data",
  icon: "layers",
  pure: true,
  config: z.strictObject({
    items: List.describe("The list of lists; other items stay as they are"),
    depth: z
      .union([z.int().min(0).max(NESTING_MAX), z.literal("all")], {
        error: "must be a number of levels or all",
      })
      .default(1)
      .describe("Levels to flatten, or `all`"),
  }),
  output: List,
  examples: [
    { title: "One level", with: { items: [[1, 2], [3], 4, [[5]]] }, output: [1, 2, 3, 4, [5]] },
    {
      title: "Every level",
      with: { items: [1, [2, [3, [4]]]], depth: "all" },
      output: [1, 2, 3, 4],
    },
  ],
  run({ items, depth }) {
    const flat: unknown[] = [];
    addFlat(flat, items, depth === "all" ? NESTING_MAX : depth);
    return flat;
  },
});

/** Adds the items of `items` to `flat`, lists among them taken apart `depth` levels deep. */
export function addFlat(flat: unknown[], items: readonly unknown[], depth: number): void {
  for (const item of items) {
    if (Array.isArray(item) && depth > 0) addFlat(flat, item, depth - 1);
    else if (flat.push(item) > ITEMS_MAX)
      throw limitFault("items", ITEMS_MAX, `The flat list has more than ${ITEMS_MAX} items.`);
  }
}
