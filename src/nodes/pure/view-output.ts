/**
 * `view.output` says how a value is shown where people look at a run: as a table, a chart, JSON,
 * text or an image. Its output holds the value and what a page needs to draw it (view-parts.ts).
 * Nothing in it is HTML, and an image is a picture format or an https address: showing it runs
 * nothing.
 */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { FieldPath } from "./field-path.ts";
import { checkOptions, type Options } from "./operation-options.ts";
import { textOfValue } from "./value-conversions.ts";
import { CHARTS, ChartParts, chartParts, imageKind, TableParts, tableParts } from "./view-parts.ts";

const OPTIONS = {
  table: { takes: ["columns"] },
  chart: { takes: ["chart", "x", "series"] },
  json: {},
  text: { takes: ["markdown"] },
  image: { takes: ["alt"] },
} as const satisfies Record<
  string,
  Options<"columns" | "chart" | "x" | "series" | "markdown" | "alt">
>;

const checkView = checkOptions(OPTIONS, ["operation", "as", "value", "title"]);

const Shown = z.array(
  z.strictObject({
    field: FieldPath.describe("The field of a row"),
    label: z.string().max(200).optional().describe("How it is named; default the field"),
  }),
);

const Common = { title: z.string(), value: z.unknown() };

export const viewOutput = defineNode({
  type: "view.output",
  title: "Show output",
  description:
    "Shows a value with the run: as a table, a chart, JSON, text (plain or Markdown) or an image.",
  category: "view",
  icon: "eye",
  pure: true,
  config: z
    .strictObject({
      value: z
        .unknown()
        .describe("What is shown; for an image a data: URL of a picture or an https address"),
      as: z.enum(["table", "chart", "json", "text", "image"]).describe("How it is shown"),
      title: z.string().max(200).default("").describe("Stands above it"),
      columns: Shown.min(1)
        .max(200)
        .optional()
        .describe("table: the columns in order; default all fields of all rows"),
      chart: z.enum(CHARTS).optional().describe("chart: its form; default bar"),
      x: FieldPath.optional().describe(
        "chart: the field along the bottom; default the row's number",
      ),
      series: Shown.min(1)
        .max(50)
        .optional()
        .describe("chart: the fields with numbers; default all of the first row that are numbers"),
      markdown: z.boolean().optional().describe("text: whether it is Markdown; default plain text"),
      alt: z.string().max(1000).optional().describe("image: says what it shows"),
    })
    .superRefine((config, context) => checkView({ ...config, operation: config.as }, context)),
  output: z.discriminatedUnion("as", [
    z.strictObject({ as: z.literal("table"), ...Common, ...TableParts }),
    z.strictObject({ as: z.literal("chart"), ...Common, ...ChartParts }),
    z.strictObject({ as: z.literal("json"), ...Common }),
    z.strictObject({ as: z.literal("text"), ...Common, text: z.string(), markdown: z.boolean() }),
    z.strictObject({
      as: z.literal("image"),
      ...Common,
      kind: z.enum(["data", "address"]),
      alt: z.string(),
    }),
  ]),
  examples: [
    {
      title: "A table",
      with: {
        value: [
          { sku: "a", n: 2 },
          { sku: "b", note: "new" },
        ],
        as: "table",
        title: "Stock",
      },
      output: {
        as: "table",
        title: "Stock",
        value: [
          { sku: "a", n: 2 },
          { sku: "b", note: "new" },
        ],
        columns: [
          { field: ["sku"], label: "sku" },
          { field: ["n"], label: "n" },
          { field: ["note"], label: "note" },
        ],
        rows: 2,
      },
    },
    {
      title: "A chart",
      with: {
        value: [
          { month: "Jan", sold: 3 },
          { month: "Feb", sold: 5 },
        ],
        as: "chart",
        chart: "line",
        x: "month",
      },
      output: {
        as: "chart",
        title: "",
        value: [
          { month: "Jan", sold: 3 },
          { month: "Feb", sold: 5 },
        ],
        chart: "line",
        labels: ["Jan", "Feb"],
        series: [{ label: "sold", values: [3, 5] }],
      },
    },
    {
      title: "Text",
      with: { value: "# Done", as: "text", markdown: true },
      output: { as: "text", title: "", value: "# Done", text: "# Done", markdown: true },
    },
  ],
  run({ value, as, title, columns, chart, x, series, markdown, alt }) {
    switch (as) {
      case "table":
        return { as, title, value, ...tableParts(value, columns) };
      case "chart":
        return { as, title, value, ...chartParts(value, chart ?? "bar", x, series) };
      case "json":
        return { as, title, value };
      case "text":
        return { as, title, value, text: textOfValue(value), markdown: markdown ?? false };
      case "image":
        return { as, title, value, kind: imageKind(value), alt: alt ?? "" };
    }
  },
});
