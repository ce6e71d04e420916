/** `format` writes data as JSON, CSV, TSV, YAML or XML text; the writers are in *-text.ts. */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode } from "../define-node.ts";
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
    value: z.unknown().meta({ description: "What is written; CSV: a list of objects or of lists" }),
    format: z
      .enum(["json", "csv", "tsv", "yaml", "xml"])
      .default("json")
      .meta({ description: "The format of the text" }),
    pretty: z.boolean().default(false).meta({ description: "JSON, XML: indented by two spaces" }),
    headers: z
      .union([z.boolean(), z.array(z.string()).min(1)])
      .default(true)
      .meta({ description: "CSV: a header row, or the columns to write in order" }),
    delimiter: z
      .string()
      .length(1)
      .optional()
      .meta({ description: "CSV: between cells; default a comma" }),
    formulas: z.enum(["escape", "keep"]).default("escape").meta({
      description: "CSV: whether text like `=1+1` is kept from being run by a spreadsheet",
    }),
    root: z
      .string()
      .regex(/^[A-Za-z_][\w.-]*$/)
      .default("root")
      .meta({ description: "XML: the root element of a value that does not name one" }),
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
  run({ value, format: kind, pretty, headers, delimiter, formulas, root }) {
    switch (kind) {
      case "json":
        return JSON.stringify(value, null, pretty ? 2 : 0);
      case "yaml":
        return writeYaml(value);
      case "xml":
        return writeXml(value, { pretty, root });
      case "csv":
        return writeTable(rowsOf(value), { delimiter: delimiter ?? ",", headers, formulas });
      case "tsv":
        return writeTable(rowsOf(value), { delimiter: delimiter ?? "\t", headers, formulas });
    }
  },
});

function rowsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "object" && value !== null) return [value];
  throw new NodeError("config_invalid", "value: must be a list of rows (objects or lists).", {
    details: { field: "value" },
  });
}
