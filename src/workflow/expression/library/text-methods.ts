/**
 * Methods of texts: JavaScript's own, without those that depend on the locale. Where JavaScript
 * takes a regular expression, these take a pattern.
 */
import { charge, chargeItems, chargeScan, chargeSearch, chargeText, machine } from "../machine.ts";
import { describe, toText, typeError } from "../value.ts";
import {
  type Args,
  callbackArg,
  fewArgs,
  type Method,
  numberArg,
  optionalNumber,
  optionalText,
  textArg,
} from "./library.ts";
import { type Found, Pattern } from "./pattern.ts";

type TextMethod = Method<string>;

/** A method that costs a pass over its text and makes no longer one. */
function pass(apply: (self: string, args: Args) => unknown): TextMethod {
  return (self, args) => {
    chargeScan(self);
    return apply(self, args);
  };
}

/** Methods of texts by name. */
export const TEXT_METHODS: ReadonlyMap<string, TextMethod> = new Map<string, TextMethod>([
  ["at", (self, args) => self.at(optionalNumber(args, 0, "at") ?? 0)],
  ["charAt", (self, args) => self.charAt(optionalNumber(args, 0, "charAt") ?? 0)],
  ["charCodeAt", (self, args) => self.charCodeAt(optionalNumber(args, 0, "charCodeAt") ?? 0)],
  ["codePointAt", (self, args) => self.codePointAt(optionalNumber(args, 0, "codePointAt") ?? 0)],
  ["concat", concat],
  [
    "endsWith",
    (self, args) => {
      const end = textArg(args, 0, "endsWith");
      chargeScan(end);
      return self.endsWith(end, optionalNumber(args, 1, "endsWith"));
    },
  ],
  ["includes", search("includes", (self, text, from) => self.includes(text, from))],
  ["indexOf", search("indexOf", (self, text, from) => self.indexOf(text, from))],
  ["isWellFormed", pass((self) => self.isWellFormed())],
  ["lastIndexOf", search("lastIndexOf", (self, text, from) => self.lastIndexOf(text, from))],
  ["match", match],
  [
    "matchAll",
    (self, args) =>
      Pattern.find(patternArg(args, "matchAll"), self, machine.limits.arrayLengthMax + 1).map(
        matchList,
      ),
  ],
  ["normalize", normalize],
  ["padEnd", (self, args) => pad(self, args, "padEnd")],
  ["padStart", (self, args) => pad(self, args, "padStart")],
  ["repeat", repeat],
  ["replace", (self, args) => replace(self, args, "replace")],
  ["replaceAll", (self, args) => replace(self, args, "replaceAll")],
  ["search", (self, args) => Pattern.find(patternArg(args, "search"), self, 1)[0]?.start ?? -1],
  [
    "slice",
    pass((self, args) =>
      self.slice(optionalNumber(args, 0, "slice"), optionalNumber(args, 1, "slice")),
    ),
  ],
  ["split", split],
  [
    "startsWith",
    (self, args) => {
      const start = textArg(args, 0, "startsWith");
      chargeScan(start);
      return self.startsWith(start, optionalNumber(args, 1, "startsWith"));
    },
  ],
  [
    "substring",
    pass((self, args) =>
      self.substring(numberArg(args, 0, "substring"), optionalNumber(args, 1, "substring")),
    ),
  ],
  ["toLowerCase", changed((self) => self.toLowerCase())],
  ["toString", (self) => self],
  ["toUpperCase", changed((self) => self.toUpperCase())],
  ["toWellFormed", pass((self) => self.toWellFormed())],
  ["trim", pass((self) => self.trim())],
  ["trimEnd", pass((self) => self.trimEnd())],
  ["trimStart", pass((self) => self.trimStart())],
]);

/** A change of case: at most three characters for one. */
function changed(apply: (self: string) => string): TextMethod {
  return (self) => {
    chargeScan(self);
    const text = apply(self);
    chargeText(text.length);
    return text;
  };
}

function search(
  name: string,
  apply: (self: string, text: string, from: number | undefined) => unknown,
): TextMethod {
  return (self, args) => {
    const text = textArg(args, 0, name);
    const from = optionalNumber(args, 1, name);
    chargeSearch(self, text);
    return apply(self, text, from);
  };
}

function concat(self: string, args: Args): string {
  const parts = fewArgs(args, "concat").map(toText);
  let length = self.length;
  for (const part of parts) length += part.length;
  chargeText(length);
  return self.concat(...parts);
}

/** Unicode normalisation makes up to 18 characters of one (NFKC and NFKD of U+FDFA). */
function normalize(self: string, args: Args): string {
  const form = optionalText(args, 0, "normalize");
  chargeText(self.length * (form === undefined || form === "NFC" ? 3 : 18));
  return self.normalize(form);
}

function pad(self: string, args: Args, name: "padStart" | "padEnd"): string {
  const length = numberArg(args, 0, name);
  const filler = optionalText(args, 1, name);
  if (length > self.length) chargeText(length);
  return self[name](length, filler);
}

function repeat(self: string, args: Args): string {
  const count = numberArg(args, 0, "repeat");
  if (count >= 1) chargeText(self.length * Math.trunc(count));
  return self.repeat(count);
}

function patternArg(args: Args, name: string): Pattern {
  const [pattern] = args;
  if (pattern instanceof Pattern) return pattern;
  throw typeError(`${name}() needs a pattern such as /a+/, not ${describe(pattern)}`);
}

/** As JavaScript: all matched texts with the flag g, else the first match with its groups; null without one. */
function match(self: string, args: Args): unknown {
  const pattern = patternArg(args, "match");
  const global = Pattern.isGlobal(pattern);
  const found = Pattern.find(pattern, self, global ? machine.limits.arrayLengthMax + 1 : 1);
  const [first] = found;
  if (first === undefined) return null;
  return global ? found.map((one) => one.text) : matchList(first);
}

/** A match as JavaScript gives it: the text and the groups as a list, `index` and `groups` beside them. */
function matchList(found: Found): unknown[] {
  chargeItems(found.groups.length + 1);
  return Object.assign([found.text, ...found.groups], { index: found.start, groups: found.named });
}

function split(self: string, args: Args): unknown[] {
  const [separator] = args;
  const most = optionalNumber(args, 1, "split");
  if (separator === undefined) return most === 0 ? [] : [self];
  if (separator instanceof Pattern) return splitByPattern(self, separator, most);
  const text = textArg(args, 0, "split");
  chargeSearch(self, text);
  const pieces = text === "" ? self.length : Math.floor(self.length / text.length) + 1;
  if (pieces > machine.limits.arrayLengthMax) chargeItems(countPieces(self, text));
  const list = self.split(text, most);
  chargeItems(list.length);
  return list;
}

function countPieces(self: string, separator: string): number {
  if (separator === "") return self.length;
  let count = 1;
  for (
    let at = self.indexOf(separator);
    at >= 0;
    at = self.indexOf(separator, at + separator.length)
  )
    count += 1;
  return count;
}

function splitByPattern(self: string, pattern: Pattern, most: number | undefined): unknown[] {
  const pieces: unknown[] = [];
  let from = 0;
  for (const found of Pattern.find(pattern, self, machine.limits.arrayLengthMax + 1)) {
    if (found.end === found.start && (found.start === from || found.start >= self.length)) continue;
    pieces.push(self.slice(from, found.start), ...found.groups);
    from = found.end;
  }
  if (self !== "" || !Pattern.test(pattern, "")) pieces.push(self.slice(from));
  chargeItems(pieces.length);
  return most === undefined ? pieces : pieces.slice(0, most >>> 0);
}

/** What a replacement is made from at one place. */
interface Place extends Omit<Found, "named"> {
  readonly named: Found["named"];
}

function replace(self: string, args: Args, name: "replace" | "replaceAll"): string {
  const [wanted, replacement] = args;
  const places = placesOf(self, wanted, name);
  const withCallback = typeof replacement === "function" ? callbackArg(args, 1, name) : null;
  const template = withCallback === null ? textArg(args, 1, name) : "";
  const expands = template.includes("$");
  const pieces: string[] = [];
  let length = 0;
  let from = 0;
  const push = (piece: string): void => {
    length += piece.length;
    if (length > machine.limits.stringLengthMax) chargeText(length);
    charge(piece.length / 16);
    pieces.push(piece);
  };
  for (const place of places) {
    push(self.slice(from, place.start));
    if (withCallback !== null) push(toText(withCallback(...callbackArgs(self, place))));
    else if (expands) expand(template, self, place, push);
    else push(template);
    from = place.end;
  }
  push(self.slice(from));
  return pieces.join("");
}

function placesOf(self: string, wanted: unknown, name: "replace" | "replaceAll"): Place[] {
  if (wanted instanceof Pattern) {
    if (name === "replaceAll" && !Pattern.isGlobal(wanted))
      throw typeError("replaceAll() needs a pattern with the flag g");
    return Pattern.find(
      wanted,
      self,
      Pattern.isGlobal(wanted) ? machine.limits.arrayLengthMax + 1 : 1,
    );
  }
  const text = textArg([wanted], 0, name);
  chargeSearch(self, text);
  const places: Place[] = [];
  let at = self.indexOf(text);
  while (at >= 0) {
    charge(1);
    places.push({ start: at, end: at + text.length, text, groups: [], named: undefined });
    if (name === "replace" || at >= self.length) break;
    at = self.indexOf(text, at + Math.max(1, text.length));
  }
  return places;
}

function callbackArgs(self: string, place: Place): readonly unknown[] {
  const args = [place.text, ...place.groups, place.start, self];
  return place.named === undefined ? args : [...args, place.named];
}

/** GetSubstitution of ECMAScript: $$, $&, $`, $', $1, $<name>. */
function expand(template: string, self: string, place: Place, push: (piece: string) => void): void {
  let from = 0;
  for (
    let at = template.indexOf("$");
    at >= 0 && at < template.length - 1;
    at = template.indexOf("$", from)
  ) {
    const [piece, used] = substitution(template.slice(at, at + 3), self, place) ??
      namedGroup(template, at, place) ?? ["$", 1];
    push(template.slice(from, at));
    push(piece);
    from = at + used;
  }
  push(template.slice(from));
}

/** What the `$` sequence at the start of `text` stands for and its length; null when it is none of the short ones. */
function substitution(text: string, self: string, place: Place): readonly [string, number] | null {
  switch (text.charAt(1)) {
    case "$":
      return ["$", 2];
    case "&":
      return [place.text, 2];
    case "`":
      return [self.slice(0, place.start), 2];
    case "'":
      return [self.slice(place.end), 2];
    default: {
      const digits = /^\$(\d\d?)/.exec(text)?.[1];
      if (digits === undefined) return null;
      for (const length of [2, 1]) {
        const group = Number(digits.slice(0, length));
        if (digits.length < length || group < 1 || group > place.groups.length) continue;
        return [place.groups[group - 1] ?? "", length + 1];
      }
      return null;
    }
  }
}

function namedGroup(template: string, at: number, place: Place): readonly [string, number] | null {
  const close = template.indexOf(">", at);
  if (place.named === undefined || template.charAt(at + 1) !== "<" || close < 0) return null;
  const name = template.slice(at + 2, close);
  return [(Object.hasOwn(place.named, name) ? place.named[name] : undefined) ?? "", close + 1 - at];
}
