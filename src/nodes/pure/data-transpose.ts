/** `data.transpose` makes columns of rows: cell [row][column] becomes cell [column][row]. */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { ITEMS_MAX, List } from "./collection.ts";
import { fieldFault, limitFault } from "./field-fault.ts";

export const dataTranspose = defineNode({
  type: "data.transpose",
  title: "Transpose",
  description:
    "Turns a list of rows into a list of columns. Rows must be equally long unless `fill` is given.",
  category: "data",
  icon: "table",
  pure: true,
  config: z.strictObject({
    rows: List.describe("A list of lists"),
    fill: z
      .unknown()
      .optional()
      .describe("Stands for the cells that shorter rows lack; without it they are an error"),
  }),
  output: z.array(z.array(z.unknown())),
  examples: [
    {
      title: "Two rows of three",
      with: {
        rows: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
      output: [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    },
    {
      title: "Rows of different length are an error",
      with: { rows: [[1, 2], [3]] },
      error: "config_invalid",
    },
    {
      title: "Rows filled up",
      with: { rows: [[1, 2], [3]], fill: null },
      output: [
        [1, 3],
        [2, null],
      ],
    },
  ],
  run({ rows, fill }) {
    const table = rows.map(rowAt);
    const width = table[0]?.length ?? 0;
    let widest = width;
    for (const [index, row] of table.entries()) {
      widest = Math.max(widest, row.length);
      if (fill === undefined && row.length !== width)
        throw fieldFault(
          "rows",
          `row ${index} has ${row.length} cells, the first row has ${width}; make them equal or give fill.`,
          { details: { row: index } },
        );
    }
    if (widest * table.length > ITEMS_MAX)
      throw limitFault("cells", ITEMS_MAX, `The table has more than ${ITEMS_MAX} cells.`);
    return Array.from({ length: widest }, (_, column) =>
      table.map((row) => (column < row.length ? row[column] : fill)),
    );
  },
});

function rowAt(row: unknown, index: number): readonly unknown[] {
  if (Array.isArray(row)) return row;
  throw fieldFault("rows", `row ${index} must be a list of cells.`, { details: { row: index } });
}
