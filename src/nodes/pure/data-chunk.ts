/** `data.chunk` cuts a list into lists: of a size, or into a number of nearly equal parts. */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { ITEMS_MAX, List } from "./collection.ts";

export const dataChunk = defineNode({
  type: "data.chunk",
  title: "Chunk",
  description:
    "Cuts a list into chunks of `size` items (the last may be shorter), or into `parts` whose sizes differ by at most one.",
  category: "data",
  icon: "rows",
  pure: true,
  config: z
    .strictObject({
      items: List.describe("The list"),
      size: z.int().min(1).max(ITEMS_MAX).optional().describe("Items in a chunk"),
      parts: z
        .int()
        .min(1)
        .max(ITEMS_MAX)
        .optional()
        .describe("Number of chunks; fewer when there are fewer items"),
    })
    .refine(({ size, parts }) => (size === undefined) !== (parts === undefined), {
      error: "takes exactly one of size and parts",
      path: ["size"],
    }),
  output: z.array(z.array(z.unknown())),
  examples: [
    {
      title: "Two at a time",
      with: { items: [1, 2, 3, 4, 5], size: 2 },
      output: [[1, 2], [3, 4], [5]],
    },
    {
      title: "For three workers",
      with: { items: [1, 2, 3, 4, 5, 6, 7], parts: 3 },
      output: [
        [1, 2, 3],
        [4, 5],
        [6, 7],
      ],
    },
    { title: "Nothing", with: { items: [], size: 2 }, output: [] },
  ],
  run({ items, size, parts }) {
    const count =
      parts === undefined ? Math.ceil(items.length / (size ?? 1)) : Math.min(parts, items.length);
    const chunks: unknown[][] = [];
    let start = 0;
    for (let index = 0; index < count; index += 1) {
      const end = start + (size ?? Math.ceil((items.length - start) / (count - index)));
      chunks.push(items.slice(start, end));
      start = end;
    }
    return chunks;
  },
});
