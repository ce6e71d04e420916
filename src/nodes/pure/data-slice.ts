/** `data.slice` gives a part of a list, counted from the start or, with negative numbers, from the end. */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { List } from "./collection.ts";

export const dataSlice = defineNode({
  type: "data.slice",
  title: "Slice",
  description:
    "Gives the items from `start` up to `end` (not included) or of a `length`. Negative positions count from the end; what lies outside is left out.",
  category: "data",
  icon: "slice",
  pure: true,
  config: z
    .strictObject({
      items: List.describe("The list"),
      start: z.int().default(0).describe("Index of the first item; -2: the last but one"),
      end: z.int().optional().describe("Index behind the last item; the list's end without it"),
      length: z.int().min(0).optional().describe("Number of items, instead of `end`"),
    })
    .refine(({ end, length }) => end === undefined || length === undefined, {
      error: "takes one of end and length",
      path: ["end"],
    }),
  output: List,
  examples: [
    { title: "A page", with: { items: [1, 2, 3, 4, 5], start: 2, length: 2 }, output: [3, 4] },
    { title: "All but the last", with: { items: [1, 2, 3], end: -1 }, output: [1, 2] },
    { title: "The last two", with: { items: [1, 2, 3], start: -2 }, output: [2, 3] },
  ],
  run({ items, start, end, length }) {
    if (length === undefined) return items.slice(start, end);
    const from = start < 0 ? Math.max(0, items.length + start) : start;
    return items.slice(from, from + length);
  },
});
