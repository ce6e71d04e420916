/**
 * What each operation of text.operation does. Where the expression language has the method, that
 * is what runs, within its limits on work and length.
 */

import { type Found, Pattern, patternOf } from "#workflow/expression/library/pattern.ts";
import { TEXT_FUNCTIONS } from "#workflow/expression/library/text.ts";
import { TEXT_METHODS } from "#workflow/expression/library/text-methods.ts";
import { chargeItems, chargeSearch, chargeText, machine } from "#workflow/expression/machine.ts";
import { fieldFault } from "./field-fault.ts";
import { callLibrary } from "./library-call.ts";
import {
  camelCase,
  capitalized,
  inverseCase,
  joinedWords,
  pascalCase,
  titleCase,
} from "./text-cases.ts";
import { lengthOf, reversed, sliceOf } from "./text-places.ts";

export interface TextOptions {
  readonly texts?: readonly string[] | undefined;
  readonly separator?: string | undefined;
  readonly times?: number | undefined;
  readonly search?: string | undefined;
  readonly pattern?: string | undefined;
  readonly flags?: string | undefined;
  readonly with?: string | undefined;
  readonly first?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly group?: number | string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly length?: number | undefined;
  readonly ending?: string | undefined;
  readonly fill?: string | undefined;
  readonly characters?: string | undefined;
  readonly form?: "NFC" | "NFD" | "NFKC" | "NFKD" | undefined;
}

type Result = string | number | boolean | string[];
type Apply = (text: string, options: TextOptions) => Result;

export const TEXT_OPERATIONS = {
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  title: titleCase,
  capitalize: capitalized,
  camel: camelCase,
  pascal: pascalCase,
  snake: (text) => joinedWords(text, "_"),
  kebab: (text) => joinedWords(text, "-"),
  constant: (text) => joinedWords(text, "_").toUpperCase(),
  inverse: inverseCase,
  slug: (text) => functionOf("slug", text) as string,
  trim: (text, { characters }) => trimmed(text, characters, true, true),
  trim_start: (text, { characters }) => trimmed(text, characters, true, false),
  trim_end: (text, { characters }) => trimmed(text, characters, false, true),
  collapse: (text) => text.replace(/\s+/g, " ").trim(),
  concat: (text, { texts = [], separator = "" }) => joined([text, ...texts], separator),
  repeat: (text, { times = 0, separator = "" }) => repeated(text, times, separator),
  split: splitText,
  lines: (text) => functionOf("lines", text) as string[],
  words: (text) => functionOf("words", text) as string[],
  replace: replaced,
  slice: (text, { start = 0, end = Number.POSITIVE_INFINITY }) => sliceOf(text, start, end),
  truncate: truncated,
  pad_start: (text, options) => padding(text, options) + text,
  pad_end: (text, options) => text + padding(text, options),
  reverse: reversed,
  normalize: (text, { form = "NFC" }) => methodOf("normalize", text, form) as string,
  length: lengthOf,
  count: (text, { search = "" }) => countOf(text, search),
  index_of: indexOf,
  contains: (text, { search = "" }) => methodOf("includes", text, search) as boolean,
  starts_with: (text, { search = "" }) => text.startsWith(search),
  ends_with: (text, { search = "" }) => text.endsWith(search),
  matches: (text, { pattern = "", flags = "" }) =>
    callLibrary("pattern", () => Pattern.test(patternOf(pattern, flags), text)),
  extract: extracted,
} as const satisfies Readonly<Record<string, Apply>>;

export type TextOperation = keyof typeof TEXT_OPERATIONS;

function methodOf(name: string, text: string, ...args: readonly unknown[]): unknown {
  const method = TEXT_METHODS.get(name);
  return callLibrary("text", () => method?.(text, args));
}

function functionOf(name: string, text: string): unknown {
  return callLibrary("text", () => TEXT_FUNCTIONS.get(name)?.([text]));
}

function trimmed(
  text: string,
  characters: string | undefined,
  atStart: boolean,
  atEnd: boolean,
): string {
  if (characters === undefined) {
    const front = atStart ? text.trimStart() : text;
    return atEnd ? front.trimEnd() : front;
  }
  const gone = new Set(characters);
  const parts = callLibrary("text", () => {
    chargeItems(text.length);
    return [...text];
  });
  let first = 0;
  let last = parts.length;
  if (atStart) while (first < last && gone.has(parts[first] ?? "")) first += 1;
  if (atEnd) while (last > first && gone.has(parts[last - 1] ?? "")) last -= 1;
  return parts.slice(first, last).join("");
}

/** Measured before it is made. */
function joined(texts: readonly string[], separator: string): string {
  let length = separator.length * Math.max(0, texts.length - 1);
  for (const text of texts) length += text.length;
  callLibrary("texts", () => chargeText(length));
  return texts.join(separator);
}

function repeated(text: string, times: number, separator: string): string {
  callLibrary("times", () => chargeText((text.length + separator.length) * times));
  return times === 0 ? "" : (text + separator).repeat(times - 1) + text;
}

function splitText(text: string, { separator, pattern, flags = "", limit }: TextOptions): string[] {
  if (pattern !== undefined) {
    const places = callLibrary("pattern", () => found(text, pattern, flags));
    const pieces: string[] = [];
    let from = 0;
    for (const { start, end } of places) {
      if (end === start && (start === from || start >= text.length)) continue;
      pieces.push(text.slice(from, start));
      from = end;
    }
    return [...pieces, text.slice(from)].slice(0, limit);
  }
  if (separator !== undefined && separator !== "")
    return methodOf("split", text, separator, limit) as string[];
  return callLibrary("text", () => {
    chargeItems(Math.min(text.length, limit ?? text.length));
    return [...sliceOf(text, 0, limit ?? Number.POSITIVE_INFINITY)];
  });
}

/** Of a plain text, a `$` in `with` is one. */
function replaced(
  text: string,
  { search = "", pattern, flags = "", with: replacement = "", first = false }: TextOptions,
): string {
  const method = TEXT_METHODS.get(first ? "replace" : "replaceAll");
  return callLibrary(pattern === undefined ? "search" : "pattern", () =>
    pattern === undefined
      ? method?.(text, [search, replacement.replaceAll("$", "$$$$")])
      : method?.(text, [patternOf(pattern, first ? flags : `${flags}g`), replacement]),
  ) as string;
}

function truncated(text: string, { length = 0, ending = "…" }: TextOptions): string {
  if (text.length <= length || lengthOf(text) <= length) return text;
  const kept = Math.max(0, length - lengthOf(ending));
  return sliceOf(sliceOf(text, 0, kept) + ending, 0, length);
}

/** The last repetition of `fill` is cut off where the length is reached. */
function padding(text: string, { length = 0, fill = " " }: TextOptions): string {
  const missing = length - lengthOf(text);
  if (missing <= 0) return "";
  const times = Math.ceil(missing / lengthOf(fill));
  return sliceOf(repeated(fill, times, ""), 0, missing);
}

/** How often `search` occurs, without overlaps. */
function countOf(text: string, search: string): number {
  if (search === "") throw fieldFault("search", "is empty, which occurs everywhere.");
  callLibrary("text", () => chargeSearch(text, search));
  let count = 0;
  for (let at = text.indexOf(search); at >= 0; at = text.indexOf(search, at + search.length))
    count += 1;
  return count;
}

/** In code points, as slice counts them. */
function indexOf(text: string, { search = "" }: TextOptions): number {
  const offset = methodOf("indexOf", text, search) as number;
  return offset < 0 ? -1 : lengthOf(text.slice(0, offset));
}

function extracted(
  text: string,
  { pattern = "", flags = "", group = 0, limit }: TextOptions,
): string[] {
  const places = callLibrary("pattern", () => found(text, pattern, flags, limit));
  return places.map((place) => {
    if (group === 0) return place.text;
    const isThere =
      typeof group === "number"
        ? group <= place.groups.length
        : Object.hasOwn(place.named ?? {}, group);
    if (!isThere) throw fieldFault("group", `the pattern has no group ${JSON.stringify(group)}.`);
    const taken = typeof group === "number" ? place.groups[group - 1] : place.named?.[group];
    return taken ?? "";
  });
}

function found(text: string, pattern: string, flags: string, limit?: number): readonly Found[] {
  const most = Math.min(limit ?? Number.POSITIVE_INFINITY, machine.limits.arrayLengthMax + 1);
  return Pattern.find(patternOf(pattern, flags), text, most);
}
