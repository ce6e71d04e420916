/** `format` writes data as JSON, CSV, TSV, YAML or XML text; the writers are in *-text.ts. */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { fieldFault } from "./field-fault.ts";
import { keysSorted } from "./object-operations.ts";
import { writeTable } from "./table-text.ts";
import { writeXml } from "./xml-text.ts";
import { writeYaml } from "./yaml-text.ts";

export const format = defineNode({
  type: "format",
  title: "Format",
  description: "Writes data as JSON, CSV, TSV, YAML or XML text.",
  category: "convert",
  icon: "file-output",
  pure: true,
  config: z.strictObject({
    value: z.unknown().describe("What is written; for CSV and TSV a list of rows, or one row"),
    format: z
      .enum(["json", "csv", "tsv", "yaml", "xml"])
      .default("json")
      .describe("How it is written"),
    pretty: z.boolean().default(false).describe("JSON, XML: indented by two spaces"),
    headers: z
      .union([z.boolean(), z.array(z.string()).min(1)], {
        error: "must be true, false or a list of names",
      })
      .default(true)
      .describe("CSV: a header row, or the columns to write in order"),
    delimiter: z.string().length(1).optional().describe("CSV: between cells; default a comma"),
    formulas: z
      .enum(["escape", "keep"])
      .default("escape")
      .describe("CSV: whether text like `=1+1` is kept from being run by a spreadsheet"),
    lineEnd: z
      .enum(["lf", "crlf"])
      .default("lf")
      .describe("CSV: how lines end; crlf as RFC 4180 and some spreadsheets want it"),
    quotes: z
      .enum(["needed", "all"])
      .default("needed")
      .describe("CSV: which cells stand in quotes"),
    bom: z
      .boolean()
      .default(false)
      .describe("CSV: whether the text begins with a byte order mark, by which Excel knows UTF-8"),
    sortKeys: z
      .boolean()
      .default(false)
      .describe("Whether fields are sorted by name, so that equal values give equal text"),
    root: z
      .string()
      .regex(/^[A-Za-z_][\w.-]*$/)
      .default("root")
      .describe("XML: the root element of a value that does not name one"),
  }),
  output: z.string(),
  examples: [
    { title: "JSON", with: { value: { a: 1 } }, output: '{"a":1}' },
    {
      title: "CSV",
      with: {
        value: [
          { name: "Ada, L.", age: 36 },
          { name: "=HYPERLINK()", age: null },
        ],
        format: "csv",
      },
      output: 'name,age\n"Ada, L.",36\n\'=HYPERLINK(),\n',
    },
    {
      title: "YAML",
      with: { value: { a: [1, "no"] }, format: "yaml" },
      output: "a:\n  - 1\n  - no\n",
    },
    {
      title: "XML",
      with: { value: { order: { "@id": 7, line: ["a", "<b>"] } }, format: "xml" },
      output: '<order id="7"><line>a</line><line>&lt;b&gt;</line></order>\n',
    },
  ],
  stream: {
    field: "value",
    takes: "records",
    gives: "text",
    refusal: ({ format: kind = "json", pretty = false }) =>
      kind === "yaml" || kind === "xml" || pretty === true
        ? "it is written as csv, tsv or json that is not pretty."
        : null,
  },
  run({ value: given, format: kind, pretty, delimiter, root, bom, sortKeys, ...table }) {
    const value = sortKeys ? keysSorted(given) : given;
    const mark = bom ? "\ufeff" : "";
    switch (kind) {
      case "json":
        return JSON.stringify(value, null, pretty ? 2 : 0);
      case "yaml":
        return writeYaml(value);
      case "xml":
        return writeXml(value, { pretty, root });
      case "csv":
        return mark + writeTable(rowsOf(value), { delimiter: delimiter ?? ",", ...table });
      case "tsv":
        return mark + writeTable(rowsOf(value), { delimiter: delimiter ?? "\t", ...table });
    }
  },
});

function rowsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "object" && value !== null) return [value];
  throw fieldFault("value", "must be a list of rows (objects or lists).");
}
