/** What a page needs to draw a table, a chart or an image; view.output hands it on beside the value. */
import { z } from "zod";
import { isObject } from "./collection.ts";
import { fieldFault, limitFault } from "./field-fault.ts";
import { type FieldPath, fieldNames, readField } from "./field-path.ts";
import { textOfValue } from "./value-conversions.ts";

const COLUMNS_MAX = 200;
const POINTS_MAX = 10_000;
const IMAGE_MAX = 5 * 1024 * 1024;
const LABEL_MAX = 200;

export const CHARTS = ["bar", "line", "area", "pie", "scatter"] as const;

/** A field of a row and how it is named. */
export interface ShownField {
  readonly field: FieldPath;
  readonly label?: string | undefined;
}

export const TableParts = {
  /** `field`: names that lead into a row; null for the row itself. */
  columns: z.array(z.strictObject({ field: z.array(z.string()).nullable(), label: z.string() })),
  rows: z.int(),
};

/** Columns and number of rows; a value that is no list is the one row. */
export function tableParts(value: unknown, columns: readonly ShownField[] | undefined) {
  const rows = Array.isArray(value) ? value : [value];
  if (columns === undefined) return { columns: columnsOf(rows), rows: rows.length };
  const named = columns.map((column) => ({
    field: [...fieldNames(column.field)],
    label: labelOf(column),
  }));
  return { columns: named, rows: rows.length };
}

function columnsOf(rows: readonly unknown[]): { field: string[] | null; label: string }[] {
  const names = new Set<string>();
  let hasOther = false;
  for (const row of rows) {
    if (typeof row !== "object" || row === null) hasOther = true;
    else for (const name of Object.keys(row)) names.add(name);
    if (names.size > COLUMNS_MAX)
      throw limitFault(
        "columns",
        COLUMNS_MAX,
        `The rows have more than ${COLUMNS_MAX} fields; name those to show in columns.`,
      );
  }
  const columns = [...names].map((name) => ({ field: [name], label: name.slice(0, LABEL_MAX) }));
  return hasOther ? [{ field: null, label: "value" }, ...columns] : columns;
}

export const ChartParts = {
  chart: z.enum(CHARTS),
  labels: z.array(z.union([z.string(), z.number()])),
  /** null leaves a gap. */
  series: z.array(z.strictObject({ label: z.string(), values: z.array(z.number().nullable()) })),
};

/** Points of a list of rows, of a list of numbers, or of an object of numbers by name. */
export function chartParts(
  value: unknown,
  chart: (typeof CHARTS)[number],
  x: FieldPath | undefined,
  series: readonly ShownField[] | undefined,
) {
  const rows = Array.isArray(value) ? (value as readonly unknown[]) : entriesOf(value);
  if (rows.length > POINTS_MAX)
    throw limitFault(
      "points",
      POINTS_MAX,
      `The chart has ${rows.length} points, more than ${POINTS_MAX}; group or sample the data first.`,
    );
  const isNamed = isObject(value);
  const along = isNamed ? "name" : x;
  const shown = series ?? (isNamed ? [{ field: "value" }] : numbersOf(rows, along));
  return {
    chart,
    labels: rows.map((row, index) => {
      const label = along === undefined ? null : readField(row, fieldNames(along));
      return typeof label === "number"
        ? label
        : textOfValue(label ?? index + 1).slice(0, LABEL_MAX);
    }),
    series: shown.map((one) => ({
      label: labelOf(one),
      values: rows.map((row, index) => numberAt(row, one.field, index)),
    })),
  };
}

function entriesOf(value: unknown): readonly unknown[] {
  if (!isObject(value))
    throw fieldFault("value", "must be a list of rows or numbers, or an object of numbers.");
  return Object.entries(value).map(([name, inner]) => ({ name, value: inner }));
}

/** The fields of the first row that are numbers; for a list of numbers the items themselves. */
function numbersOf(rows: readonly unknown[], x: FieldPath | undefined): readonly ShownField[] {
  const [first] = rows;
  if (!isObject(first)) return [{ field: [], label: "value" }];
  const along = x === undefined ? null : fieldNames(x).join(".");
  const found = Object.keys(first).filter(
    (name) => name !== along && typeof first[name] === "number",
  );
  if (found.length === 0)
    throw fieldFault("series", "the first row has no field with a number; name the fields.");
  return found.map((name) => ({ field: [name] }));
}

function numberAt(row: unknown, field: FieldPath, index: number): number | null {
  const number = readField(row, fieldNames(field));
  if (typeof number === "number" || number === null) return number;
  throw fieldFault(
    "series",
    `${JSON.stringify(number).slice(0, 80)} in row ${index} is not a number (${labelOf({ field }) || "the item"}).`,
  );
}

function labelOf({ field, label }: ShownField): string {
  return (label ?? fieldNames(field).join(".")).slice(0, LABEL_MAX);
}

/** Whether an image comes with the value or from an address. Only what cannot run as a script is one. */
export function imageKind(value: unknown): "data" | "address" {
  const text = typeof value === "string" ? value : "";
  if (text.length > IMAGE_MAX)
    throw limitFault("imageSize", IMAGE_MAX, `The image has more than ${IMAGE_MAX} characters.`);
  if (/^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/]+={0,2}$/.test(text))
    return "data";
  if (/^https:\/\/[^\s"'<>\\`/?#@]+(?:[/?#][^\s"'<>\\`]*)?$/.test(text) && text.length <= 2048)
    return "address";
  throw fieldFault(
    "value",
    "must be a data: URL in base64 of a PNG, JPEG, GIF, WebP or AVIF, or an https address without a name or password.",
  );
}
