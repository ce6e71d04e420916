/**
 * Columns of values as the binary form of PostgreSQL's one-dimensional arrays: a group of turns goes
 * over as one array for each column, and neither side escapes or parses text. JSON with all its
 * quotes would nearly double as an array's text, and cost more than all else that a commit computes.
 *
 * Source: src/backend/utils/adt/arrayfuncs.c, array_recv(): dimensions, whether there are NULLs, the
 * elements' type, size and lower bound, then each element behind its length (-1: NULL).
 */
import { toStoredText } from "./nul-text.ts";

const BOOL = 16;
const BYTEA = 17;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const TEXT = 25;
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;

type Column<Value> = readonly (Value | null)[];

/** For `$n::bigint[]`. */
export function bigints(values: Column<number>): Buffer {
  return fixed(INT8, 8, values, (bytes, value, at) => {
    bytes.writeInt32BE(Math.floor(value / 0x1_0000_0000), at);
    bytes.writeUInt32BE(value >>> 0, at + 4);
  });
}

/** For `$n::int[]`. */
export function ints(values: Column<number>): Buffer {
  return fixed(INT4, 4, values, (bytes, value, at) => bytes.writeInt32BE(value, at));
}

/** For `$n::smallint[]`. */
export function smallints(values: Column<number>): Buffer {
  return fixed(INT2, 2, values, (bytes, value, at) => bytes.writeInt16BE(value, at));
}

/** For `$n::boolean[]`. */
export function booleans(values: Column<boolean>): Buffer {
  return fixed(BOOL, 1, values, (bytes, value, at) => bytes.writeUInt8(value ? 1 : 0, at));
}

/** For `$n::text[]`. */
export function texts(values: Column<string>): Buffer {
  return strings(
    TEXT,
    values.map((value) => (value === null ? null : toStoredText(value))),
  );
}

/** The UTF-8 of texts, for `$n::bytea[]`. */
export function utf8s(values: Column<string>): Buffer {
  return strings(BYTEA, values);
}

/** For `$n::bytea[]`. */
export function byteas(values: Column<Uint8Array>): Buffer {
  const sizes = values.map((value) => value?.byteLength ?? 0);
  const bytes = begin(BYTEA, values, sum(sizes));
  let at = HEADER_BYTES;
  for (const value of values) {
    at = bytes.writeInt32BE(value === null ? -1 : value.byteLength, at);
    if (value === null) continue;
    bytes.set(value, at);
    at += value.byteLength;
  }
  return bytes;
}

function strings(type: number, values: Column<string>): Buffer {
  let size = 0;
  for (const value of values) if (value !== null) size += Buffer.byteLength(value);
  const bytes = begin(type, values, size);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      at = bytes.writeInt32BE(-1, at);
      continue;
    }
    const length = bytes.write(value, at + LENGTH_BYTES);
    bytes.writeInt32BE(length, at);
    at += LENGTH_BYTES + length;
  }
  return bytes;
}

function fixed<Value>(
  type: number,
  size: number,
  values: Column<Value>,
  write: (bytes: Buffer, value: Value, at: number) => void,
): Buffer {
  let given = 0;
  for (const value of values) if (value !== null) given++;
  const bytes = begin(type, values, given * size);
  let at = HEADER_BYTES;
  for (const value of values) {
    at = bytes.writeInt32BE(value === null ? -1 : size, at);
    if (value === null) continue;
    write(bytes, value, at);
    at += size;
  }
  return bytes;
}

/** An empty array has no dimension. */
function begin(type: number, values: Column<unknown>, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(
    values.length === 0 ? 12 : HEADER_BYTES + values.length * LENGTH_BYTES + size,
  );
  bytes.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  bytes.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  bytes.writeInt32BE(type, 8);
  if (values.length === 0) return bytes;
  bytes.writeInt32BE(values.length, 12);
  bytes.writeInt32BE(1, 16);
  return bytes;
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
