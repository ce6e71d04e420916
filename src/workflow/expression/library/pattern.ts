/**
 * Patterns: `/a+/g` and `pattern("a+", "g")`, run by RE2 (re2js), whose time grows linearly with the
 * text whatever the pattern. Look-around and back references do not exist there; `\s` and `\b` know
 * ASCII only, and `.` takes a whole code point.
 *
 * One search is linear; many searches of one text need not be: after a short match each search may
 * have looked far ahead. A pattern that can do so is charged for all the text ahead of each search.
 */
import { type Matcher, RE2JS, RE2JSException } from "re2js";
import { charge, chargeItems } from "../machine.ts";
import { shortened, valueError } from "../value.ts";

const PATTERN_LENGTH_MAX = 1_000;
const PROGRAM_SIZE_MAX = 3_000;
const CACHED_PATTERNS_MAX = 100;

/** A compiled pattern as a value. It has no members that an expression could read. */
export class Pattern {
  readonly #program: RE2JS;
  readonly #size: number;
  readonly #looksAhead: boolean;
  readonly #global: boolean;

  constructor(program: RE2JS, source: string, global: boolean) {
    this.#program = program;
    this.#size = program.programSize();
    this.#looksAhead = mayLookAhead(source);
    this.#global = global;
  }

  /** Whether the flag `g` was given. */
  static isGlobal(pattern: Pattern): boolean {
    return pattern.#global;
  }

  /** Whether `text` holds a match. */
  static test(pattern: Pattern, text: string): boolean {
    charge(pattern.#costOf(text.length));
    return pattern.#program.test(text);
  }

  /** The matches of `text` in order, at most `most` of them. */
  static find(pattern: Pattern, text: string, most: number): Found[] {
    const matcher = pattern.#program.matcher(text);
    const names = Object.entries(pattern.#program.namedGroups());
    const found: Found[] = [];
    let searched = 0;
    while (found.length < most) {
      if (pattern.#looksAhead || searched === 0) charge(pattern.#costOf(text.length - searched));
      if (!matcher.find()) break;
      charge(pattern.#costOf(matcher.end() - matcher.start()));
      searched = Math.max(1, matcher.end());
      found.push(foundBy(matcher, names));
      chargeItems(found.length === 1 ? 1 : 0);
    }
    return found;
  }

  /** Operations for a search through `length` characters. */
  #costOf(length: number): number {
    return 4 + Math.ceil((length * Math.min(this.#size, 256)) / 128);
  }
}

/** One match: where it is, what the groups hold. */
export interface Found {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly groups: readonly (string | undefined)[];
  /** Named groups; undefined when the pattern has none. */
  readonly named: Readonly<Record<string, string | undefined>> | undefined;
}

const cache = new Map<string, Pattern>();

/** The pattern for a source and flags (`g`, `i`, `m`, `s`, `u`). Throws ExpressionError. */
export function patternOf(source: string, flags: string): Pattern {
  const key = `${flags}/${source}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const pattern = compilePattern(source, flags);
  if (cache.size >= CACHED_PATTERNS_MAX) cache.clear();
  cache.set(key, pattern);
  return pattern;
}

function compilePattern(source: string, flags: string): Pattern {
  if (source.length > PATTERN_LENGTH_MAX)
    throw valueError(`a pattern has at most ${PATTERN_LENGTH_MAX} characters`);
  if (!/^(?!.*(.).*\1)[gimsu]*$/.test(flags)) {
    throw valueError(
      `the flags of a pattern are g, i, m, s and u, each once, not ${JSON.stringify(flags.slice(0, 20))}`,
    );
  }
  let bits = 0;
  if (flags.includes("i")) bits |= RE2JS.CASE_INSENSITIVE;
  if (flags.includes("m")) bits |= RE2JS.MULTILINE;
  if (flags.includes("s")) bits |= RE2JS.DOTALL;
  let program: RE2JS;
  try {
    program = RE2JS.compile(RE2JS.translateRegExp(source), bits);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, "");
    throw valueError(
      `the pattern /${shortened(source)}/ cannot be used: ${shortened(reason)} (patterns run in linear time: no look-around, no back references)`,
    );
  }
  if (program.programSize() > PROGRAM_SIZE_MAX)
    throw valueError(`the pattern /${shortened(source)}/ is too large`);
  return new Pattern(program, source, flags.includes("g"));
}

/**
 * Whether a search can read far past the match it finds: only with an unbounded repetition beside an
 * alternative or inside a repeated or optional group. Says yes when in doubt.
 */
function mayLookAhead(source: string): boolean {
  const bare = source.replace(/\\./gs, "_").replace(/\[\^?\]?[^\]]*\]/g, "_");
  if (!/[*+]|\{\d+,\}/.test(bare)) return false;
  return /\||\)[*+?{]/.test(bare);
}

function foundBy(matcher: Matcher, names: readonly (readonly [string, number])[]): Found {
  const start = matcher.start();
  const groups: (string | undefined)[] = [];
  for (let group = 1; group <= matcher.groupCount(); group += 1)
    groups.push(matcher.group(group) ?? undefined);
  const named =
    names.length === 0
      ? undefined
      : Object.fromEntries(names.map(([name, group]) => [name, groups[group - 1]]));
  return { start, end: matcher.end(), text: matcher.group(0) ?? "", groups, named };
}
