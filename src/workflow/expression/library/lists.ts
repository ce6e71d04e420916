/** Functions for lists: making, counting, grouping, ordering and combining them. Lists are never changed. */
import { charge, chargeItems, limitError, machine } from "../machine.ts";
import { describe, type PlainObject, setOwn, toText, typeError, valueError } from "../value.ts";
import { groupBy } from "./javascript.ts";
import {
  type Args,
  callbackArg,
  listArg,
  type Native,
  numberArg,
  optionalCallback,
  optionalNumber,
  optionalText,
} from "./library.ts";
import { compareValues } from "./text.ts";

/** Functions for lists by name. */
export const LIST_FUNCTIONS: ReadonlyMap<string, Native> = new Map<string, Native>([
  ["chunk", chunk],
  [
    "compact",
    (args) => touched(args, "compact").filter((item) => item !== null && item !== undefined),
  ],
  [
    "countBy",
    (args) => {
      const groups = groupBy(listArg(args, 0, "countBy"), callbackArg(args, 1, "countBy"));
      const counts: PlainObject = {};
      for (const [key, group] of Object.entries(groups))
        setOwn(counts, key, (group as unknown[]).length);
      return counts;
    },
  ],
  [
    "difference",
    (args) => {
      const without = keySet(args, 1, "difference");
      return touched(args, "difference").filter((item) => !without.has(keyOf(item)));
    },
  ],
  ["groupBy", (args) => groupBy(listArg(args, 0, "groupBy"), callbackArg(args, 1, "groupBy"))],
  [
    "intersection",
    (args) => {
      const also = keySet(args, 1, "intersection");
      return distinct(touched(args, "intersection").filter((item) => also.has(keyOf(item))));
    },
  ],
  [
    "keyBy",
    (args) => {
      const by = callbackArg(args, 1, "keyBy");
      const made: PlainObject = {};
      for (const [index, item] of touched(args, "keyBy").entries())
        setOwn(made, toText(by(item, index)), item);
      return made;
    },
  ],
  ["max", (args) => extreme(numbersOf(args, "max"), (a, b) => a > b)],
  [
    "mean",
    (args) => {
      const numbers = numbersOf(args, "mean");
      return numbers.length === 0 ? null : total(numbers) / numbers.length;
    },
  ],
  [
    "median",
    (args) => {
      const sorted = numbersOf(args, "median").toSorted((a, b) => a - b);
      const middle = sorted.length >> 1;
      const [low, high] = [sorted[middle - 1], sorted[middle]];
      if (high === undefined) return null;
      return sorted.length % 2 === 1 || low === undefined ? high : (low + high) / 2;
    },
  ],
  ["min", (args) => extreme(numbersOf(args, "min"), (a, b) => a < b)],
  [
    "partition",
    (args) => {
      const test = callbackArg(args, 1, "partition");
      const parts: [unknown[], unknown[]] = [[], []];
      for (const [index, item] of touched(args, "partition").entries())
        parts[test(item, index) ? 0 : 1].push(item);
      return parts;
    },
  ],
  ["range", range],
  ["sortBy", sortBy],
  ["sum", (args) => total(numbersOf(args, "sum"))],
  ["union", (args) => distinct(args.flatMap((_, index) => [...touched(args, "union", index)]))],
  ["unique", (args) => distinct(touched(args, "unique"), optionalCallback(args, 1, "unique"))],
  [
    "zip",
    (args) => {
      const lists = args.map((_, index) => listArg(args, index, "zip"));
      const length = lists.length === 0 ? 0 : Math.min(...lists.map((list) => list.length));
      chargeItems(length * lists.length);
      return Array.from({ length }, (_, index) => lists.map((list) => list[index]));
    },
  ],
]);

/** A list argument whose items are all going to be looked at. */
function touched(args: Args, name: string, index = 0): readonly unknown[] {
  const list = listArg(args, index, name);
  chargeItems(list.length);
  return list;
}

/** The numbers of a list, or what a function gives for each item: `sum(rows, (row) => row.price)`. */
function numbersOf(args: Args, name: string): number[] {
  const by = optionalCallback(args, 1, name);
  return touched(args, name).map((item, index) => {
    const value = by === undefined ? item : by(item, index);
    if (typeof value !== "number")
      throw typeError(`${name}() adds numbers, not ${describe(value)}`);
    return value;
  });
}

function total(numbers: readonly number[]): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}

function extreme(
  numbers: readonly number[],
  beats: (a: number, b: number) => boolean,
): number | null {
  let best: number | null = null;
  for (const number of numbers) if (best === null || beats(number, best)) best = number;
  return best;
}

/** range(end), range(start, end), range(start, end, step); the end is left out. */
function range(args: Args): number[] {
  const single = args.length < 2;
  const start = single ? 0 : numberArg(args, 0, "range");
  const end = numberArg(args, single ? 0 : 1, "range");
  const step = optionalNumber(args, 2, "range") ?? 1;
  if (!(Number.isFinite(start) && Number.isFinite(end) && Number.isFinite(step)) || step === 0) {
    throw valueError("range() counts between finite numbers in steps other than 0");
  }
  const length = Math.max(0, Math.ceil((end - start) / step));
  if (length > machine.limits.arrayLengthMax) throw limitError("arrayLengthMax");
  chargeItems(length);
  return Array.from({ length }, (_, index) => start + index * step);
}

function chunk(args: Args): unknown[] {
  const list = touched(args, "chunk");
  const size = numberArg(args, 1, "chunk");
  if (!Number.isInteger(size) || size < 1)
    throw valueError("chunk() needs a whole size of at least 1");
  const chunks: unknown[] = [];
  for (let at = 0; at < list.length; at += size) chunks.push(list.slice(at, at + size));
  return chunks;
}

/** sortBy(list, by, order = "asc"): stable; keys in the order null < boolean < number < text; `by` may give a list of keys. */
function sortBy(args: Args): unknown[] {
  const list = touched(args, "sortBy");
  const by = optionalCallback(args, 1, "sortBy");
  const order = optionalText(args, 2, "sortBy") ?? "asc";
  if (order !== "asc" && order !== "desc")
    throw valueError('the order of sortBy() is "asc" or "desc"');
  charge(list.length * Math.ceil(Math.log2(list.length + 1)));
  const keyed = list.map((item, index) => ({
    item,
    key: by === undefined ? item : by(item, index),
  }));
  const sign = order === "asc" ? 1 : -1;
  return keyed.toSorted((a, b) => sign * compareKeys(a.key, b.key)).map(({ item }) => item);
}

function compareKeys(a: unknown, b: unknown): number {
  if (!Array.isArray(a) || !Array.isArray(b)) return compareValues(a, b);
  const length = Math.min(a.length, b.length);
  charge(length);
  for (let index = 0; index < length; index += 1) {
    const order = compareValues(a[index], b[index]);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

/** Items of the same kind and text are the same; lists and objects are the same only if identical. */
function keyOf(item: unknown): unknown {
  if (typeof item === "string" && item.length > 15) charge(item.length >>> 4);
  return item;
}

function keySet(args: Args, index: number, name: string): ReadonlySet<unknown> {
  return new Set(touched(args, name, index).map(keyOf));
}

function distinct(list: readonly unknown[], by?: (...args: unknown[]) => unknown): unknown[] {
  const seen = new Set<unknown>();
  return list.filter((item, index) => {
    const key = keyOf(by === undefined ? item : by(item, index));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
