/**
 * From text to a syntax tree: acorn reads one JavaScript expression, bare or up to the `}}` that
 * closes it, and its complaints become ExpressionSyntaxErrors with offsets into the whole text.
 */
import { type Expression as ExpressionNode, parseExpressionAt } from "acorn";
import { ExpressionSyntaxError } from "./expression.ts";

/** Longest source of one expression, in characters. */
export const SOURCE_LENGTH_MAX = 10_000;

/** Deepest nesting of one expression, in syntax nodes. */
export const SOURCE_DEPTH_MAX = 200;

export interface Parsed {
  readonly node: ExpressionNode;
  /** What acorn read: the node's positions count in it. */
  readonly source: string;
  /** Where `source` begins in the text that was given. */
  readonly base: number;
  /** Just past the expression, and past its `}}` if it has one, in the text that was given. */
  readonly end: number;
}

/** Parses `text` as one expression; a text that is one `${{ }}` is unwrapped. */
export function parseWhole(text: string): Parsed {
  const start = text.length - text.trimStart().length;
  if (text.startsWith("${{", start)) {
    const parsed = parseWrapped(text, start);
    const rest = text.slice(parsed.end).trimStart();
    if (rest === "") return parsed;
    const offset = text.length - rest.length;
    throw new ExpressionSyntaxError(
      "text after the closing }}: this field takes one expression",
      offset,
      rest.length,
      parsed.source.slice(parsed.node.start, parsed.node.end),
    );
  }
  const length = text.trim().length;
  if (length === 0) throw new ExpressionSyntaxError("the expression is empty", 0, text.length);
  if (length > SOURCE_LENGTH_MAX) throw tooLong(start, length);
  const node = parseAt(text, 0);
  const rest = skipBlank(text, node.end);
  if (rest < text.length) throw unexpected(text, rest, 0);
  return { node, source: text, base: 0, end: text.length };
}

/** Parses the `${{ }}` that begins at `start` of `text`. */
export function parseWrapped(text: string, start: number): Parsed {
  const base = start + 3;
  const source = text.slice(base, base + SOURCE_LENGTH_MAX + 2);
  const first = skipBlank(source, 0);
  if (source.startsWith("}}", first)) {
    throw new ExpressionSyntaxError("the expression is empty", start, first + 5);
  }
  if (first >= source.length) throw unclosed(start);
  let node: ExpressionNode;
  try {
    node = parseAt(source, base);
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    const isCut = base + source.length < text.length;
    const ranOut = error.offset - base >= source.length || /^unterminated/.test(error.message);
    if (isCut && ranOut) throw tooLong(base, source.length);
    throw error.offset - base >= source.length ? unclosed(start) : error;
  }
  const rest = skipBlank(source, node.end);
  if (source.startsWith("}}", rest)) return { node, source, base, end: base + rest + 2 };
  if (rest >= source.length) {
    throw base + source.length < text.length ? tooLong(base, source.length) : unclosed(start);
  }
  throw unexpected(source, rest, base);
}

/** Where a faulty `${{` at `start` most likely ends: for going on with the rest of the text. */
export function endOfFaulty(text: string, start: number): number {
  const close = text.indexOf("}}", start);
  return close < 0 ? text.length : close + 2;
}

export function tooDeep(offset: number, length: number): ExpressionSyntaxError {
  return new ExpressionSyntaxError(
    `the expression is nested deeper than ${SOURCE_DEPTH_MAX} levels`,
    offset,
    length,
  );
}

function parseAt(source: string, base: number): ExpressionNode {
  try {
    return parseExpressionAt(source, 0, {
      ecmaVersion: 2024,
      sourceType: "module",
      preserveParens: true,
    });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(base, source.length);
    if (!(error instanceof SyntaxError) || !("pos" in error)) throw error;
    throw acornFault(error.message, Math.min(Number(error.pos), source.length), source, base);
  }
}

function acornFault(raw: string, position: number, source: string, base: number) {
  const message = raw.replace(/ \(\d+:\d+\)$/, "");
  if (/stack space/.test(message)) return tooDeep(base + position, 1);
  if (message !== "Unexpected token") {
    return new ExpressionSyntaxError(lowerFirst(message), base + position, 1);
  }
  if (position >= source.length) {
    return new ExpressionSyntaxError("the expression ends too early", base + position, 0);
  }
  return unexpected(source, position, base);
}

/** Words and signs that other languages use, and how JavaScript says them. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ["and", "&&"],
  ["or", "||"],
  ["not", "!"],
  ["is", "=="],
  ["=", "=="],
  ["<>", "!="],
  ["then", "?:"],
  ["if", "?:"],
  ["|", "||"],
]);

function unexpected(source: string, position: number, base: number): ExpressionSyntaxError {
  const at = beginOfForeign(source, position);
  const [text = ""] = /^(?:[\p{L}_$][\p{L}\p{N}_$]*|<>|.)/su.exec(source.slice(at, at + 64)) ?? [];
  const message = `unexpected ${JSON.stringify(text)}`;
  return new ExpressionSyntaxError(message, base + at, text.length, FOREIGN.get(text) ?? null);
}

/** Where `not a` and `a <> b` go wrong: `not` reads as a name and `<` as less-than, what follows does not fit. */
function beginOfForeign(source: string, position: number): number {
  if (position > 0 && source.startsWith("<>", position - 1)) return position - 1;
  const from = Math.max(0, position - 64);
  const not = /(?<![\p{L}\p{N}_$.])not\s+$/u.exec(source.slice(from, position));
  return not === null ? position : from + not.index;
}

function unclosed(start: number): ExpressionSyntaxError {
  return new ExpressionSyntaxError(
    `this \${{ is not closed by }}`,
    start,
    3,
    "$${{ for a literal ${{",
  );
}

function tooLong(offset: number, length: number): ExpressionSyntaxError {
  return new ExpressionSyntaxError(
    `the expression is longer than ${SOURCE_LENGTH_MAX} characters`,
    offset,
    length,
  );
}

/** The first position from `position` on that is neither white space nor comment. */
function skipBlank(source: string, position: number): number {
  let at = position;
  while (at < source.length) {
    if (source.startsWith("/*", at)) {
      const close = source.indexOf("*/", at + 2);
      if (close < 0) return at;
      at = close + 2;
    } else if (source.startsWith("//", at)) {
      while (at < source.length && !LINE_BREAKS.includes(source.charAt(at))) at += 1;
    } else if (source.charAt(at).trim() === "") {
      at += 1;
    } else {
      return at;
    }
  }
  return at;
}

/** What ends a `//` comment. */
const LINE_BREAKS = "\n\r\u2028\u2029";

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
