/**
 * A file as pieces that end where a record ends. A line break within quotes ends none: it is one
 * that has an odd number of quotes before it (RFC 4180 doubles quotes within quotes). Text that
 * breaks this rule is not CSV, and whoever parses the piece says so.
 */
import { readSync } from "node:fs";
import { NodeError } from "#errors/step-error.ts";

const READ_BYTES = 16 * 1024;
const QUOTE = 34;
const LINE_FEED = 10;

export interface Piece {
  readonly bytes: Buffer;
  /** Where it ends in the file. */
  readonly end: number;
  /** Line breaks in it. */
  readonly lines: number;
}

export interface PieceOptions {
  readonly offset: number;
  /** Whether quotes hide line breaks. */
  readonly isQuoted: boolean;
  /** Bytes of the longest record. */
  readonly recordBytesMax: number;
}

/** A piece's bytes are good until the next is asked for. */
export function* piecesOf(
  file: number,
  { offset, isQuoted, recordBytesMax }: PieceOptions,
): Iterable<Piece> {
  let buffer = Buffer.allocUnsafe(READ_BYTES * 2);
  let held = 0;
  let start = offset;
  for (;;) {
    if (held + READ_BYTES > buffer.length) {
      if (held > recordBytesMax) throw tooLong(recordBytesMax, start);
      buffer = Buffer.concat([buffer.subarray(0, held)], buffer.length * 2);
    }
    const read = readSync(file, buffer, held, READ_BYTES, start + held);
    held += read;
    const bytes = buffer.subarray(0, held);
    const end = read === 0 ? held : lastRecordEnd(bytes, isQuoted);
    if (end > 0) {
      yield { bytes: bytes.subarray(0, end), end: start + end, lines: linesIn(bytes, end) };
      buffer.copyWithin(0, end, held);
      held -= end;
      start += end;
    }
    if (read === 0) return;
  }
}

/** Behind the last line break that ends a record; 0: there is none. */
function lastRecordEnd(bytes: Buffer, isQuoted: boolean): number {
  const lastQuote = isQuoted ? bytes.lastIndexOf(QUOTE) : -1;
  const last = bytes.lastIndexOf(LINE_FEED);
  if (lastQuote === -1) return last + 1;
  let isInside = false;
  let end = 0;
  let at = 0;
  // From quote to quote: what lies between two of them is looked at by the runtime.
  for (;;) {
    const quote = bytes.indexOf(QUOTE, at);
    if (!isInside) {
      const between = quote === -1 ? last : bytes.subarray(at, quote).lastIndexOf(LINE_FEED) + at;
      if (between >= at) end = between + 1;
    }
    if (quote === -1) return end;
    isInside = !isInside;
    at = quote + 1;
  }
}

function linesIn(bytes: Buffer, end: number): number {
  let lines = 0;
  for (
    let at = bytes.indexOf(LINE_FEED);
    at !== -1 && at < end;
    at = bytes.indexOf(LINE_FEED, at + 1)
  )
    lines += 1;
  return lines;
}

function tooLong(max: number, start: number): NodeError {
  return new NodeError(
    "parse_failed",
    `A record from byte ${start} on is longer than ${max} bytes; a quote may be open.`,
    { details: { byte: start } },
  );
}
