/**
 * Rows of a CSV or TSV file as `parse` gives them, some thousand at a time. Positions are offsets of
 * the file at which a record begins, with what the header said.
 */
import type { CsvError } from "csv-parse/sync";
import { parse } from "csv-parse/sync";
import { NodeError } from "#errors/step-error.ts";
import { parseFailed } from "../pure/parse-failed.ts";
import {
  expectLength,
  type ReadTableOptions,
  ROW_LENGTH_MAX,
  refuseDuplicates,
  rowReader,
} from "../pure/table-text.ts";
import type { Batch, BatchSource } from "./batch-source.ts";
import { piecesOf } from "./file-lines.ts";

interface Position {
  readonly offset: number;
  readonly lines: number;
  /** null: not read yet, or the rows are lists. */
  readonly names: readonly string[] | null;
  /** Cells of the first row; null: there was none yet. */
  readonly cells: number | null;
}

/** `file` is open for reading. */
export function tableSource(file: number, options: ReadTableOptions): BatchSource {
  return { open: (position) => batches(file, options, (position as Position | null) ?? START) };
}

const START: Position = { offset: 0, lines: 0, names: null, cells: null };

function* batches(file: number, options: ReadTableOptions, from: Position): Iterable<Batch> {
  const { headers } = options;
  let { lines, names, cells } = from;
  if (Array.isArray(headers) && names === null) {
    names = headers as readonly string[];
    refuseDuplicates(names);
  }
  let toRecord = names === null && headers !== false ? null : rowReader(names, options);
  const reading = { offset: from.offset, isQuoted: true, recordBytesMax: ROW_LENGTH_MAX };
  for (const piece of piecesOf(file, reading)) {
    let rows = rowsOf(piece.bytes, options, lines);
    if (toRecord === null && rows.length > 0) {
      names = rows[0] ?? [];
      rows = rows.slice(1);
      refuseDuplicates(names);
      toRecord = rowReader(names, options);
    }
    const first = rows[0];
    if (cells === null && first !== undefined) {
      if (names !== null) expectLength(first, names, options);
      cells = first.length;
    }
    expectEven(rows, cells, options);
    lines += piece.lines;
    const position: Position = { offset: piece.end, lines, names, cells };
    if (toRecord !== null && rows.length > 0) yield { records: rows.map(toRecord), position };
  }
}

function rowsOf(bytes: Buffer, { delimiter, ragged, trim }: ReadTableOptions, lines: number) {
  try {
    return parse(bytes, {
      delimiter,
      bom: lines === 0,
      skip_empty_lines: true,
      trim,
      relax_column_count: ragged === "fill",
      max_record_size: ROW_LENGTH_MAX,
    }) as string[][];
  } catch (error) {
    const { lines: line } = error as CsvError & { readonly lines?: number };
    const at = line === undefined ? undefined : lines + line;
    throw parseFailed("CSV", renumbered(error, line, at), { line: at });
  }
}

/** The library counts lines from the beginning of the piece. */
function renumbered(error: unknown, line: number | undefined, at: number | undefined): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(
    line === undefined ? message : message.replaceAll(`line ${line}`, `line ${at}`),
    { cause: error },
  );
}

/** The library holds rows of one piece against each other, this those of all pieces. */
function expectEven(
  rows: readonly (readonly string[])[],
  cells: number | null,
  { ragged }: ReadTableOptions,
): void {
  const first = rows[0];
  if (ragged === "fill" || cells === null || first === undefined || first.length === cells) return;
  throw new NodeError(
    "parse_failed",
    `CSV: a row has ${first.length} cells, the first has ${cells}.`,
  );
}
