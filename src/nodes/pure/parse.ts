/**
 * `parse` reads text into data: JSON, CSV, TSV, YAML, XML, or whatever of these it looks like.
 * The readers of the formats, with their limits, are in *-text.ts.
 */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { objectOf } from "./collection.ts";
import { fieldFault } from "./field-fault.ts";
import { parseFailed } from "./parse-failed.ts";
import { ColumnType, readTable } from "./table-text.ts";
import { readXml } from "./xml-text.ts";
import { readYaml } from "./yaml-text.ts";

const TEXT_MAX = 10 * 1024 * 1024;

const Text = z
  .custom<unknown>((text) => typeof text !== "string" || text.length <= TEXT_MAX, {
    error: `must be at most ${TEXT_MAX} characters`,
  })
  .meta({ type: "string" });

type Format = "json" | "csv" | "tsv" | "yaml" | "xml";

export const parse = defineNode({
  type: "parse",
  title: "Parse",
  description: "Reads JSON, CSV, TSV, YAML or XML text into data; `auto` recognises which it is.",
  category: "convert",
  icon: "file-input",
  pure: true,
  config: z.strictObject({
    text: Text.describe("The text"),
    format: z
      .enum(["json", "csv", "tsv", "yaml", "xml", "auto"])
      .default("auto")
      .describe("What the text is; auto: what it looks like"),
    headers: z
      .union([z.boolean(), z.array(z.string()).min(1)], {
        error: "must be true, false or a list of names",
      })
      .default(true)
      .describe("CSV: the first row names the columns (true), none does (false), or the names"),
    delimiter: z.string().min(1).max(8).optional().describe("CSV: between cells; default a comma"),
    types: z
      .union([ColumnType, objectOf(ColumnType, "types")], {
        error: "must be text, number, boolean or auto, or an object of these by column",
      })
      .default("text")
      .describe(
        "CSV, XML: text leaves everything as it is (XML without the white space around it), auto recognises numbers and booleans; CSV also by column",
      ),
    nulls: z
      .array(z.string().max(100))
      .max(100)
      .default([])
      .describe(
        "CSV: cells that mean null, such as `null` or `NA`; empty ones do unless they are text",
      ),
    ragged: z
      .enum(["fail", "fill"])
      .default("fail")
      .describe(
        "CSV: rows that are shorter or longer than the header: an error, or filled with empty cells and cut off",
      ),
    trim: z.boolean().default(false).describe("CSV: whether spaces around cells go"),
    lists: z
      .array(z.string())
      .default([])
      .describe("XML: elements that are a list even if there is only one"),
    onOther: z
      .enum(["fail", "keep"])
      .default("fail")
      .describe("A value that is no text: an error, or the output as it is (parsed already)"),
  }),
  output: z.unknown(),
  errors: ["parse_failed"],
  examples: [
    { title: "JSON", with: { text: '{"a": [1, 2]}', format: "json" }, output: { a: [1, 2] } },
    {
      title: "CSV with numbers",
      with: { text: "name,age\nAda,36\n", format: "csv", types: { age: "number" } },
      output: [{ name: "Ada", age: 36 }],
    },
    { title: "YAML", with: { text: "a: no\nb: 1\n", format: "yaml" }, output: { a: "no", b: 1 } },
    {
      title: "XML",
      with: { text: '<order id="7"><line>a</line><line>b</line></order>', format: "xml" },
      output: { order: { line: ["a", "b"], "@id": "7" } },
    },
    {
      title: "A table with gaps",
      with: {
        text: "name, age\nAda, NA\nBo\n",
        format: "csv",
        types: "auto",
        nulls: ["NA"],
        ragged: "fill",
        trim: true,
      },
      output: [
        { name: "Ada", age: null },
        { name: "Bo", age: null },
      ],
    },
    { title: "Text that is no JSON", with: { text: "{", format: "json" }, error: "parse_failed" },
    {
      title: "Whatever it is",
      with: { text: "a;b\n1;2\n", delimiter: ";" },
      output: [{ a: "1", b: "2" }],
    },
  ],
  stream: {
    field: "text",
    takes: "text",
    gives: "records",
    refusal: ({ format }) =>
      format === "csv" || format === "tsv" ? null : "format must say csv or tsv.",
  },
  run({ text, format, headers, delimiter, types, nulls, ragged, trim, lists, onOther }) {
    if (typeof text !== "string") {
      if (onOther === "keep") return text;
      throw fieldFault("text", "must be text; with onOther: keep other values pass as they are.");
    }
    const table = { headers, types, nulls, ragged, trim };
    const kind = format === "auto" ? recognised(text, delimiter ?? ",") : format;
    switch (kind) {
      case "json":
        return readJson(text);
      case "yaml":
        return readYaml(text);
      case "xml":
        return readXml(text, { types: types === "auto" ? "auto" : "text", lists });
      case "csv":
        return readTable(text, { delimiter: delimiter ?? ",", ...table });
      case "tsv":
        return readTable(text, { delimiter: delimiter ?? "\t", ...table });
    }
  },
});

function readJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = /line (\d+) column (\d+)/.exec(message);
    throw parseFailed(
      "JSON",
      error,
      at === null ? {} : { line: Number(at[1]), column: Number(at[2]) },
    );
  }
}

/** What `text` looks like. Lines with equally many delimiters are a table; the rest is YAML. */
function recognised(text: string, delimiter: string): Format {
  const start = text.slice(0, 64 * 1024).trimStart();
  if (start.startsWith("<")) return "xml";
  if (/^[[{"]/.test(start) && isJson(text)) return "json";
  const lines = start.split(/\r?\n/, 5).filter((line) => line !== "");
  const [first = "", ...rest] = text.length > start.length ? lines.slice(0, -1) : lines;
  for (const [kind, mark] of [
    ["tsv", "\t"],
    ["csv", delimiter],
  ] as const) {
    const columns = first.split(mark).length;
    if (columns > 1 && rest.length > 0 && rest.every((line) => line.split(mark).length === columns))
      return kind;
  }
  return "yaml";
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // That is the answer.
    return false;
  }
}
