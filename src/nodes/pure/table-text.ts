/**
 * CSV and TSV (RFC 4180 with any delimiter) in both directions: rows of text to objects, and
 * objects to text in which no cell is a formula for a spreadsheet by accident.
 * The libraries' browser builds are used: they need no Node API, so this file stays pure.
 */
import { type CsvError, parse } from "csv-parse/browser/esm/sync";
import { stringify } from "csv-stringify/browser/esm/sync";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { parseFailed } from "./parse-failed.ts";

/** The longest row that is read, in characters: an unclosed quote must not swallow all. */
export const ROW_LENGTH_MAX = 1024 * 1024;

export const ColumnType = z.enum(["text", "number", "boolean", "auto"]);

export type ColumnType = z.infer<typeof ColumnType>;

export interface ReadTableOptions {
  readonly delimiter: string;
  /** true: the first row names the columns. A list: these do. false: rows stay lists. */
  readonly headers: boolean | readonly string[];
  /** For all columns, or by name (others are text). */
  readonly types: ColumnType | Readonly<Record<string, ColumnType>>;
  /** Cells that are null whatever their column holds. */
  readonly nulls: readonly string[];
  /** What becomes of rows that are not as long as the header (or the first row). */
  readonly ragged: "fail" | "fill";
  /** Whether spaces around cells go. */
  readonly trim: boolean;
}

/** Rows of `text`, as objects or (without headers) lists. Throws NodeError `parse_failed` with the line. */
export function readTable(text: string, options: ReadTableOptions): unknown[] {
  const rows = readRows(text, options);
  if (options.headers === false) return rows.map(rowReader(null, options));
  const names = Array.isArray(options.headers) ? options.headers : (rows.shift() ?? []);
  refuseDuplicates(names);
  expectLength(rows[0], names, options);
  return rows.map(rowReader(names, options));
}

/** Throws NodeError `parse_failed` if the first row is not as long as the header. */
export function expectLength(
  first: readonly string[] | undefined,
  names: readonly string[],
  { ragged }: ReadTableOptions,
): void {
  if (ragged === "fail" && first !== undefined && first.length !== names.length)
    throw new NodeError(
      "parse_failed",
      `The rows have ${first.length} cells, the headers name ${names.length} columns.`,
    );
}

/** What turns a row's cells into an object with the columns `names`, or a list (null). */
export function rowReader(
  names: readonly string[] | null,
  { types, nulls }: ReadTableOptions,
): (row: readonly string[]) => unknown {
  const isNull = new Set(nulls);
  const value = (cell: string, type: ColumnType, place: string): unknown =>
    isNull.has(cell) ? null : typed(cell, type, place);
  if (names === null) {
    const type = columnType(types, null);
    return (row) => row.map((cell) => value(cell, type, "a cell"));
  }
  const columns = names.map((name) => {
    return { name, type: columnType(types, name), place: `column ${name}` };
  });
  const cellAt = (row: readonly string[], at: number, type: ColumnType, place: string): unknown => {
    const cell = row[at] ?? "";
    return type === "text" && isNull.size === 0 ? cell : value(cell, type, place);
  };
  // Assigning to it would change what the object is.
  if (names.includes("__proto__"))
    return (row) =>
      Object.fromEntries(
        columns.map(({ name, type, place }, at) => [name, cellAt(row, at, type, place)]),
      );
  return (row) => {
    const record: Record<string, unknown> = {};
    for (let at = 0; at < columns.length; at += 1) {
      const column = columns[at];
      if (column !== undefined) record[column.name] = cellAt(row, at, column.type, column.place);
    }
    return record;
  };
}

function readRows(text: string, { delimiter, ragged, trim }: ReadTableOptions): string[][] {
  try {
    return parse(text, {
      delimiter,
      bom: true,
      skip_empty_lines: true,
      trim,
      relax_column_count: ragged === "fill",
      max_record_size: ROW_LENGTH_MAX,
    });
  } catch (error) {
    const { lines } = error as CsvError & { readonly lines?: number };
    throw parseFailed("CSV", error, { line: lines });
  }
}

export function refuseDuplicates(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name))
      throw new NodeError(
        "parse_failed",
        `CSV: two columns are named ${JSON.stringify(name)}; give headers as a list of names.`,
        { details: { line: 1 } },
      );
    seen.add(name);
  }
}

function columnType(types: ReadTableOptions["types"], name: string | null): ColumnType {
  if (typeof types === "string") return types;
  return name !== null && Object.hasOwn(types, name) ? (types[name] ?? "text") : "text";
}

/** Numbers that text keeps exactly: no leading zeros, nothing that a double would round. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;

function typed(cell: string, type: ColumnType, place: string): unknown {
  if (type === "text") return cell;
  if (cell === "") return null;
  if (type === "auto") return guessed(cell);
  const value =
    type === "number" ? numberOf(cell.trim()) : (BOOLEANS.get(cell.trim().toLowerCase()) ?? null);
  if (value === null)
    throw new NodeError(
      "parse_failed",
      `CSV: ${JSON.stringify(cell.slice(0, 80))} in ${place} is not a ${type}.`,
    );
  return value;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
  ["yes", true],
  ["no", false],
  ["1", true],
  ["0", false],
]);

function numberOf(cell: string): number | null {
  const value = cell === "" ? Number.NaN : Number(cell);
  return Number.isFinite(value) ? value : null;
}

function guessed(cell: string): unknown {
  if (cell === "true" || cell === "false") return cell === "true";
  if (cell.length > 17 || !NUMBER.test(cell)) return cell;
  const value = Number(cell);
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
    ? value
    : cell;
}

export interface WriteTableOptions {
  readonly delimiter: string;
  /** true: a header row. A list: these columns, in this order, with a header row. false: none. */
  readonly headers: boolean | readonly string[];
  /** escape: text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP). */
  readonly formulas: "escape" | "keep";
  readonly lineEnd: "lf" | "crlf";
  /** Whether all cells stand in quotes, or those that need them. */
  readonly quotes: "needed" | "all";
}

/** `rows` (objects or lists) as CSV text. null is an empty cell, lists and objects are JSON. */
export function writeTable(rows: readonly unknown[], options: WriteTableOptions): string {
  const names = Array.isArray(options.headers) ? options.headers : columnNames(rows);
  const lines = rows.map((row) => (Array.isArray(row) ? row : cellsOf(row, names)));
  if (options.headers !== false && names.length > 0) lines.unshift([...names]);
  const cells = lines.map((line) => line.map((cell: unknown) => cellText(cell, options.formulas)));
  let text = "";
  for (let from = 0; from < cells.length; ) {
    const isNarrow = cells[from]?.length === 1;
    let to = from + 1;
    while (to < cells.length && (cells[to]?.length === 1) === isNarrow) to += 1;
    text += rowsText(cells.slice(from, to), options, isNarrow);
    from = to;
  }
  return text;
}

/** `isNarrow`: rows of one cell, where an empty one needs quotes to be a row and not an empty line. */
function rowsText(
  rows: readonly (readonly string[])[],
  { delimiter, lineEnd, quotes }: WriteTableOptions,
  isNarrow: boolean,
): string {
  return stringify(rows as string[][], {
    delimiter,
    record_delimiter: lineEnd === "crlf" ? "\r\n" : "\n",
    quoted: quotes === "all",
    // The library quotes only the line end in use.
    quoted_match: /[\r\n]/,
    quoted_empty: quotes === "all" || isNarrow,
  });
}

/** All columns that any row has, in order of first appearance. */
export function columnNames(rows: readonly unknown[]): readonly string[] {
  const names = new Set<string>();
  for (const row of rows)
    if (typeof row === "object" && row !== null && !Array.isArray(row))
      for (const name of Object.keys(row)) names.add(name);
  return [...names];
}

export function cellsOf(row: unknown, names: readonly string[]): unknown[] {
  if (typeof row !== "object" || row === null)
    throw new NodeError("config_invalid", "value: rows of CSV must be objects or lists.", {
      details: { field: "value" },
    });
  const fields = row as Readonly<Record<string, unknown>>;
  return names.map((name) => (Object.hasOwn(fields, name) ? fields[name] : null));
}

function cellText(cell: unknown, formulas: "escape" | "keep"): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell !== "string")
    return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
  // Full-width forms of = + - @ are formulas to some spreadsheets too.
  return formulas === "escape" && /^[=+\-@\t\r\n＝＋－＠]/.test(cell) && !NUMBER.test(cell)
    ? `'${cell}`
    : cell;
}
