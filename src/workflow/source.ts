/**
 * A definition's text as value and positions: what source-json.ts and source-yaml.ts read, and how
 * a JSON pointer is found again in the text. Offsets count characters (UTF-16) from 0, lines and
 * columns from 1.
 */
import type { Finding, Pointer, ProblemCode } from "./problem.ts";

/** Where a value stands. */
export interface SourceNode {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly fields: ReadonlyMap<string, SourceField> | null;
  readonly items: readonly SourceNode[] | null;
}

export interface SourceField {
  readonly keyStart: number;
  readonly node: SourceNode;
}

/** A fault of the text itself. */
export interface SourceFault {
  readonly code: ProblemCode;
  readonly message: string;
  readonly offset: number;
  readonly pointer: Pointer;
  readonly suggestion: string | null;
}

export interface Source {
  /** undefined where the text cannot be read at all. */
  readonly value: unknown;
  readonly node: SourceNode | null;
  readonly faults: readonly SourceFault[];
}

/** Values nested deeper than this are refused, so that no walk overflows the stack. */
export const VALUE_DEPTH_MAX = 256;

/** Whether a value that came without a text is nested deeper than a text may be, or holds itself. */
export function isTooDeep(value: unknown): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next.value !== "object" || next.value === null) continue;
    if (next.depth > VALUE_DEPTH_MAX) return true;
    for (const inner of Object.values(next.value))
      open.push({ value: inner, depth: next.depth + 1 });
  }
  return false;
}

/** The fault of an integer that a double cannot hold, or of a number beyond all doubles; else null. */
export function numberFault(value: number, text: string): string | null {
  if (!Number.isFinite(value)) return `The number ${text} is too large.`;
  const tooLarge = Number.isInteger(value) && !Number.isSafeInteger(value) && !/[.e]/i.test(text);
  return tooLarge ? `The integer ${text} lies beyond 2^53 and would change silently.` : null;
}

/** Where a finding stands in the text: as near as the text allows. */
export function offsetOf(finding: Finding, source: Source, text: string): number {
  let node = source.node;
  if (node === null) return 0;
  let offset = node.start;
  let complete = true;
  for (const key of finding.pointer) {
    const field: SourceField | undefined = node.fields?.get(String(key));
    const next: SourceNode | undefined = field?.node ?? node.items?.[Number(key)];
    if (next === undefined) {
      complete = false;
      break;
    }
    node = next;
    offset = field !== undefined && finding.atKey === true ? field.keyStart : next.start;
  }
  if (!complete || finding.offset === undefined || finding.atKey === true) return offset;
  return offset + offsetInScalar(finding, source, text.slice(node.start, node.end));
}

/**
 * Where character `finding.offset` of a string stands in its written form: exact where the string
 * is written as it is, else the start of the same words, else the start of the scalar.
 */
function offsetInScalar(finding: Finding, source: Source, written: string): number {
  const value = valueAt(source.value, finding.pointer);
  if (typeof value !== "string") return 0;
  const offset = Math.min(finding.offset ?? 0, value.length);
  const whole = written.indexOf(value);
  if (whole !== -1) return whole + offset;
  const words = /^[^\s"'\\]*/.exec(value.slice(offset))?.[0] ?? "";
  const at = words === "" ? -1 : written.indexOf(words);
  return at === -1 ? 0 : at;
}

/** The value at a pointer, or undefined. */
export function valueAt(value: unknown, pointer: Pointer): unknown {
  let current = value;
  for (const key of pointer) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key))
      return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}

/** Line and column of offsets in one text. */
export class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1))
      this.#starts.push(at + 1);
  }

  place(offset: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}
