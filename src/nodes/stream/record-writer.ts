/**
 * Records as text, batch by batch: what `format` gives of the list of them all. The columns of a
 * table are those of its first record, or the ones asked for: a later record with another column is
 * an error, since the header has been written.
 */
import { NodeError } from "#errors/step-error.ts";
import { keysSorted } from "../pure/object-operations.ts";
import type { StreamStep } from "../pure/stream-value.ts";
import { cellsOf, columnNames, type WriteTableOptions, writeTable } from "../pure/table-text.ts";
import { stepConfig } from "./step-config.ts";

/** Between two batches; plain JSON. */
export interface WriterState {
  readonly records: number;
  /** Of a table; null: no record has come, or its rows are lists. */
  readonly names: readonly string[] | null;
}

export interface RecordWriter {
  readonly state: WriterState;
  text(records: readonly unknown[]): string;
  end(): string;
}

interface FormatConfig extends WriteTableOptions {
  readonly format: "csv" | "tsv" | "json";
  readonly delimiter: string;
  readonly bom: boolean;
  readonly sortKeys: boolean;
}

export function recordWriter(step: StreamStep, saved: WriterState | null): RecordWriter {
  const config = stepConfig<FormatConfig>(step);
  const sorted = (records: readonly unknown[]) =>
    config.sortKeys ? records.map((record) => keysSorted(record)) : records;
  const start = saved ?? { records: 0, names: null };
  return config.format === "json"
    ? jsonWriter(sorted, start)
    : tableWriter(sorted, start, {
        ...config,
        delimiter: config.delimiter ?? (config.format === "tsv" ? "\t" : ","),
      });
}

type Prepare = (records: readonly unknown[]) => readonly unknown[];

function jsonWriter(prepare: Prepare, start: WriterState): RecordWriter {
  let { records: written } = start;
  return {
    get state() {
      return { records: written, names: null };
    },
    text(records) {
      if (records.length === 0) return "";
      const text = prepare(records)
        .map((record) => JSON.stringify(record))
        .join(",");
      const open = written === 0 ? "[" : ",";
      written += records.length;
      return open + text;
    },
    end: () => (written === 0 ? "[]" : "]"),
  };
}

function tableWriter(prepare: Prepare, start: WriterState, options: FormatConfig): RecordWriter {
  const { headers, bom } = options;
  const fixed = Array.isArray(headers) ? (headers as readonly string[]) : null;
  const rows = { ...options, headers: false };
  let { records: written, names } = start;
  let known = new Set(names);
  const header = (): string => {
    const mark = bom ? "\ufeff" : "";
    const isBare = headers === false || names === null || names.length === 0;
    return isBare ? mark : mark + writeTable([names], rows);
  };
  return {
    get state() {
      return { records: written, names };
    },
    text(given) {
      const records = prepare(given);
      const [first] = records;
      if (first === undefined) return "";
      let text = "";
      if (written === 0) {
        names = fixed ?? columnNames([first]);
        known = new Set(names);
        text = header();
      }
      const columns = names ?? [];
      const lines = records.map((record, at) => {
        if (Array.isArray(record)) return record as unknown[];
        if (fixed === null) expectKnown(record, known, written + at);
        return cellsOf(record, columns);
      });
      written += records.length;
      return text + writeTable(lines, rows);
    },
    end() {
      if (written > 0) return "";
      names = fixed;
      return header();
    },
  };
}

function expectKnown(record: unknown, known: ReadonlySet<string>, index: number): void {
  if (typeof record !== "object" || record === null) return;
  for (const name in record)
    if (!known.has(name) && Object.hasOwn(record, name))
      throw new NodeError(
        "config_invalid",
        `value: record ${index} has the column ${JSON.stringify(name.slice(0, 80))}, which the first record has not, and the header is written; name all columns in headers.`,
        { details: { field: "headers", column: name.slice(0, 80), index } },
      );
}
