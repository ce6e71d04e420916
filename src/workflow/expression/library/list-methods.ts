/**
 * Methods of lists: JavaScript's own that leave the list as it is. Those that change it do not
 * exist; toSorted, toReversed, toSpliced and with take their place.
 */
import {
  charge,
  chargeItems,
  chargeMoreItems,
  chargeScan,
  chargeText,
  limitError,
  machine,
} from "../machine.ts";
import { describe, isObject, toText, typeError } from "../value.ts";
import {
  type Args,
  callbackArg,
  fewArgs,
  type Method,
  numberArg,
  optionalCallback,
  optionalNumber,
  optionalText,
} from "./library.ts";

type List = readonly unknown[];
type ListMethod = Method<List>;

/** Methods of lists by name. */
export const LIST_METHODS: ReadonlyMap<string, ListMethod> = new Map<string, ListMethod>([
  ["at", (self, args) => self.at(optionalNumber(args, 0, "at") ?? 0)],
  ["concat", concat],
  ["every", visit("every", (self, test) => self.every(test))],
  ["filter", visit("filter", (self, test) => self.filter(test))],
  ["find", visit("find", (self, test) => self.find(test))],
  ["findIndex", visit("findIndex", (self, test) => self.findIndex(test))],
  ["findLast", visit("findLast", (self, test) => self.findLast(test))],
  ["findLastIndex", visit("findLastIndex", (self, test) => self.findLastIndex(test))],
  ["flat", (self, args) => flatten(self, Math.trunc(optionalNumber(args, 0, "flat") ?? 1) || 0)],
  ["flatMap", flatMap],
  [
    "includes",
    (self, args) => {
      chargeCompare(self, args[0]);
      return self.includes(args[0], optionalNumber(args, 1, "includes"));
    },
  ],
  [
    "indexOf",
    (self, args) => {
      chargeCompare(self, args[0]);
      return self.indexOf(args[0], optionalNumber(args, 1, "indexOf"));
    },
  ],
  ["join", (self, args) => join(self, optionalText(args, 0, "join") ?? ",")],
  [
    "lastIndexOf",
    (self, args) => {
      chargeCompare(self, args[0]);
      return args.length < 2
        ? self.lastIndexOf(args[0])
        : self.lastIndexOf(args[0], optionalNumber(args, 1, "lastIndexOf") ?? 0);
    },
  ],
  ["map", visit("map", (self, change) => self.map(change))],
  ["reduce", (self, args) => reduce(self, args, "reduce")],
  ["reduceRight", (self, args) => reduce(self, args, "reduceRight")],
  ["slice", slice],
  ["some", visit("some", (self, test) => self.some(test))],
  [
    "toReversed",
    (self) => {
      chargeItems(self.length);
      return self.toReversed();
    },
  ],
  ["toSorted", (self, args) => sortedBy(self, optionalCallback(args, 0, "toSorted"))],
  ["toSpliced", toSpliced],
  [
    "with",
    (self, args) => {
      chargeItems(self.length);
      return self.with(numberArg(args, 0, "with"), args[1]);
    },
  ],
]);

/** A method that calls a function with (item, index, list), once for each item at most. */
function visit(
  name: string,
  apply: (self: List, callback: (item: unknown, index: number, list: List) => unknown) => unknown,
): ListMethod {
  return (self, args) => {
    const callback = callbackArg(args, 0, name);
    chargeItems(self.length);
    return apply(self, callback);
  };
}

/** Comparing a long text with each item reads both. */
function chargeCompare(self: List, wanted: unknown): void {
  charge(self.length);
  if (typeof wanted !== "string" || wanted.length < 16) return;
  for (const item of self) {
    if (typeof item === "string" && item.length === wanted.length) chargeScan(wanted);
  }
}

function concat(self: List, args: Args): unknown[] {
  let length = self.length;
  for (const arg of args) length += Array.isArray(arg) ? arg.length : 1;
  chargeItems(length);
  return self.concat(...fewArgs(args, "concat"));
}

function slice(self: List, args: Args): unknown[] {
  const list = self.slice(optionalNumber(args, 0, "slice"), optionalNumber(args, 1, "slice"));
  chargeItems(list.length);
  return list;
}

function toSpliced(self: List, args: Args): unknown[] {
  const start = numberArg(args, 0, "toSpliced");
  chargeItems(self.length + args.length);
  fewArgs(args, "toSpliced");
  if (args.length === 1) return self.toSpliced(start);
  return self.toSpliced(start, optionalNumber(args, 1, "toSpliced") ?? 0, ...args.slice(2));
}

function reduce(self: List, args: Args, name: "reduce" | "reduceRight"): unknown {
  const callback = callbackArg(args, 0, name);
  chargeItems(self.length);
  if (args.length > 1) return self[name](callback, args[1]);
  if (self.length === 0) throw typeError(`${name}() of an empty list needs an initial value`);
  return self[name](callback);
}

/** The list with lists in it laid open, `depth` levels of them. */
export function flatten(list: List, depth: number): unknown[] {
  const flat: unknown[] = [];
  flattenInto(flat, list, depth, 0);
  return flat;
}

function flattenInto(flat: unknown[], list: List, depth: number, level: number): void {
  if (level > machine.limits.depthMax) throw limitError("depthMax");
  for (const item of list) {
    if (Array.isArray(item) && depth > 0) {
      charge(1);
      flattenInto(flat, item, depth - 1, level + 1);
    } else {
      charge(1);
      if (flat.length >= machine.limits.arrayLengthMax) throw limitError("arrayLengthMax");
      flat.push(item);
    }
  }
}

function flatMap(self: List, args: Args): unknown[] {
  const callback = callbackArg(args, 0, "flatMap");
  chargeItems(self.length);
  const flat: unknown[] = [];
  for (const [index, item] of self.entries()) {
    const made = callback(item, index, self);
    if (!Array.isArray(made)) flat.push(made);
    else {
      chargeMoreItems(flat.length, made.length);
      for (const one of made) flat.push(one);
    }
  }
  return flat;
}

/** JavaScript's join; null and undefined are empty, lists and objects inside are errors. */
export function join(list: List, separator: string): string {
  charge(list.length);
  let length = Math.max(0, list.length - 1) * separator.length;
  const parts = list.map((item) => {
    const part = item === null || item === undefined ? "" : toText(item);
    length += part.length;
    return part;
  });
  chargeText(length);
  return parts.join(separator);
}

/** A sorted copy, stable; without a function by UTF-16 code units of the items as text, undefined last. */
export function sortedBy(
  list: List,
  compare: ((...args: unknown[]) => unknown) | undefined,
): unknown[] {
  chargeItems(list.length);
  charge(list.length * Math.ceil(Math.log2(list.length + 1)));
  if (compare !== undefined) return list.toSorted((a, b) => compareResult(compare(a, b)));
  for (const item of list) {
    if (Array.isArray(item) || isObject(item) || typeof item === "function") {
      throw typeError(`toSorted() needs a function to compare ${describe(item)}`);
    }
    if (typeof item === "string" && item.length > 15)
      charge((item.length >>> 4) * Math.ceil(Math.log2(list.length + 1)));
  }
  return list.toSorted();
}

function compareResult(result: unknown): number {
  if (typeof result === "number") return result;
  if (typeof result === "boolean" || result === null || result === undefined) return Number(result);
  throw typeError(`a comparing function gives a number, not ${describe(result)}`);
}
