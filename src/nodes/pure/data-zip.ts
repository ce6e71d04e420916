/**
 * `data.zip` puts the first items of several lists together, then the second ones, and so on: lists
 * give rows that are lists, an object of lists (columns by name) gives rows that are objects.
 */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { type Collection, ITEMS_MAX, isListOf } from "./collection.ts";
import { limitFault } from "./field-fault.ts";

const Lists = z
  .custom<Collection>(
    (value) =>
      typeof value === "object" &&
      value !== null &&
      Object.values(value).every((list) => Array.isArray(list) && list.length <= ITEMS_MAX),
    { error: `must be a list or an object of lists of at most ${ITEMS_MAX} items` },
  )
  .meta({ type: ["array", "object"] });

export const dataZip = defineNode({
  type: "data.zip",
  title: "Zip",
  description:
    "Combines lists item by item: `[[1, 2], [3, 4]]` gives `[[1, 3], [2, 4]]`; an object of lists gives objects. Ends with the shortest list unless `fill` is given.",
  category: "data",
  icon: "zip",
  pure: true,
  config: z.strictObject({
    lists: Lists.describe("Lists, or an object of lists by field name"),
    fill: z
      .unknown()
      .optional()
      .describe(
        "Goes on to the end of the longest list, with this (such as null) for what is missing",
      ),
  }),
  output: z.array(z.unknown()),
  examples: [
    {
      title: "Pairs",
      with: {
        lists: [
          ["a", "b"],
          [1, 2],
        ],
      },
      output: [
        ["a", 1],
        ["b", 2],
      ],
    },
    {
      title: "Columns to rows, with gaps filled",
      with: { lists: { name: ["Ada", "Bo"], age: [36] }, fill: null },
      output: [
        { name: "Ada", age: 36 },
        { name: "Bo", age: null },
      ],
    },
  ],
  run({ lists, fill }) {
    const names = isListOf(lists) ? null : Object.keys(lists);
    const columns = Object.values(lists) as readonly (readonly unknown[])[];
    const rows = rowCount(columns, fill !== undefined);
    if (rows * columns.length > ITEMS_MAX)
      throw limitFault("cells", ITEMS_MAX, `The rows have more than ${ITEMS_MAX} cells together.`);
    return Array.from({ length: rows }, (_, row) => {
      const cells = columns.map((column) => (row < column.length ? column[row] : fill));
      return names === null
        ? cells
        : Object.fromEntries(names.map((name, index) => [name, cells[index]]));
    });
  },
});

/** Without spreading, which a long list of lists would not survive. */
function rowCount(columns: readonly (readonly unknown[])[], isFilled: boolean): number {
  let rows = columns[0]?.length ?? 0;
  for (const { length } of columns)
    rows = isFilled ? Math.max(rows, length) : Math.min(rows, length);
  return rows;
}
