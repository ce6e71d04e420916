/**
 * Functions that JavaScript has under the same name: Number(), Math.max(), Object.keys(), Array.from(),
 * JSON.parse() and their like, on own properties and plain values only.
 */
import type { Callback } from "../compiler.ts";
import { charge, chargeItems, chargeScan, chargeText, limitError, machine } from "../machine.ts";
import {
  deniedError,
  describe,
  isDeniedKey,
  isObject,
  type PlainObject,
  setOwn,
  toNumber,
  toText,
  typeError,
  valueError,
} from "../value.ts";
import { stringify } from "./json.ts";
import {
  type Args,
  callbackArg,
  fewArgs,
  listArg,
  type Namespace,
  type Native,
  numberArg,
  optionalCallback,
  textArg,
} from "./library.ts";
import { MATH } from "./math.ts";

/** Global functions by name. */
export const JAVASCRIPT_FUNCTIONS: ReadonlyMap<string, Native> = new Map<string, Native>([
  ["Boolean", (args) => Boolean(args[0])],
  ["Number", (args) => (args.length === 0 ? 0 : toNumber(args[0], "Number()"))],
  [
    "String",
    (args) => (args.length === 0 ? "" : args[0] === undefined ? "undefined" : toText(args[0])),
  ],
  ["decodeURIComponent", uri("decodeURIComponent", decodeURIComponent)],
  ["decodeURI", uri("decodeURI", decodeURI)],
  ["encodeURIComponent", uri("encodeURIComponent", encodeURIComponent)],
  ["encodeURI", uri("encodeURI", encodeURI)],
  ["isFinite", (args) => Number.isFinite(toNumber(args[0], "isFinite()"))],
  ["isNaN", (args) => Number.isNaN(toNumber(args[0], "isNaN()"))],
  ["parseFloat", parseDecimal],
  ["parseInt", parseInteger],
]);

/** Groups of functions by name. */
export const JAVASCRIPT_NAMESPACES: ReadonlyMap<string, Namespace> = new Map<string, Namespace>([
  [
    "Array",
    {
      functions: new Map<string, Native>([
        ["from", arrayFrom],
        ["isArray", (args) => Array.isArray(args[0])],
        ["of", (args) => [...args]],
      ]),
      constants: new Map(),
    },
  ],
  [
    "JSON",
    {
      functions: new Map<string, Native>([
        ["parse", parseJson],
        ["stringify", (args) => stringify(args)],
      ]),
      constants: new Map(),
    },
  ],
  ["Math", MATH],
  [
    "Number",
    {
      functions: new Map<string, Native>([
        ["isFinite", (args) => Number.isFinite(args[0])],
        ["isInteger", (args) => Number.isInteger(args[0])],
        ["isNaN", (args) => Number.isNaN(args[0])],
        ["isSafeInteger", (args) => Number.isSafeInteger(args[0])],
        ["parseFloat", parseDecimal],
        ["parseInt", parseInteger],
      ]),
      constants: new Map([
        ["EPSILON", Number.EPSILON],
        ["MAX_SAFE_INTEGER", Number.MAX_SAFE_INTEGER],
        ["MAX_VALUE", Number.MAX_VALUE],
        ["MIN_SAFE_INTEGER", Number.MIN_SAFE_INTEGER],
        ["MIN_VALUE", Number.MIN_VALUE],
        ["NEGATIVE_INFINITY", Number.NEGATIVE_INFINITY],
        ["POSITIVE_INFINITY", Number.POSITIVE_INFINITY],
        ["NaN", Number.NaN],
      ]),
    },
  ],
  [
    "Object",
    {
      functions: new Map<string, Native>([
        [
          "entries",
          (args) => keysOf(args[0], "entries").map((key) => [key, valueAt(args[0], key)]),
        ],
        ["fromEntries", fromEntries],
        [
          "groupBy",
          (args) =>
            groupBy(listArg(args, 0, "Object.groupBy"), callbackArg(args, 1, "Object.groupBy")),
        ],
        ["hasOwn", (args) => hasOwn(args)],
        ["keys", (args) => keysOf(args[0], "keys")],
        ["values", (args) => keysOf(args[0], "values").map((key) => valueAt(args[0], key))],
      ]),
      constants: new Map(),
    },
  ],
  [
    "String",
    {
      functions: new Map<string, Native>([
        [
          "fromCharCode",
          (args) => madeOf(args, "fromCharCode", (codes) => String.fromCharCode(...codes)),
        ],
        [
          "fromCodePoint",
          (args) => madeOf(args, "fromCodePoint", (codes) => String.fromCodePoint(...codes)),
        ],
      ]),
      constants: new Map(),
    },
  ],
]);

function uri(name: string, apply: (text: string) => string): Native {
  return (args) => {
    const text = toText(args[0]);
    chargeText(text.length * (name.startsWith("encode") ? 9 : 1));
    try {
      return apply(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "malformed";
      throw valueError(`${name}() cannot take ${describe(text)}: ${reason}`);
    }
  };
}

function parseDecimal(args: Args): number {
  const text = toText(args[0]);
  chargeScan(text);
  return Number.parseFloat(text);
}

function parseInteger(args: Args): number {
  const text = toText(args[0]);
  chargeScan(text);
  return Number.parseInt(text, args[1] === undefined ? undefined : toNumber(args[1], "parseInt()"));
}

/** Reading JSON costs an operation for 8 characters; a value takes two at least. */
function parseJson(args: Args): unknown {
  const text = textArg(args, 0, "JSON.parse");
  charge(text.length >>> 3);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw valueError(`JSON.parse(): ${error instanceof Error ? error.message : "malformed"}`);
  }
}

/** The own enumerable keys of an object, list or text. */
function keysOf(value: unknown, name: string): string[] {
  if (typeof value !== "string" && (typeof value !== "object" || value === null)) {
    throw typeError(`Object.${name}() needs an object or a list, not ${describe(value)}`);
  }
  if (typeof value === "string" || Array.isArray(value)) chargeItems(value.length);
  const keys = Object.keys(value);
  chargeItems(keys.length);
  return keys;
}

function valueAt(value: unknown, key: string): unknown {
  return (value as PlainObject)[key];
}

function fromEntries(args: Args): PlainObject {
  const entries = listArg(args, 0, "Object.fromEntries");
  chargeItems(entries.length);
  const made: PlainObject = {};
  for (const entry of entries) {
    if (!Array.isArray(entry))
      throw typeError(`Object.fromEntries() needs [key, value] pairs, not ${describe(entry)}`);
    setOwn(made, toText(entry[0]), entry[1]);
  }
  return made;
}

/** Lists of the items by the text that `by` gives for them, in the order of first appearance. */
export function groupBy(list: readonly unknown[], by: Callback): PlainObject {
  chargeItems(list.length);
  const groups = new Map<string, unknown[]>();
  for (const [index, item] of list.entries()) {
    const key = toText(by(item, index));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  const made: PlainObject = {};
  for (const [key, group] of groups) setOwn(made, key, group);
  return made;
}

function hasOwn(args: Args): boolean {
  const [holder, key] = args;
  if (typeof holder !== "object" || holder === null) {
    throw typeError(`Object.hasOwn() needs an object or a list, not ${describe(holder)}`);
  }
  if (typeof key !== "string" && typeof key !== "number")
    throw typeError(`Object.hasOwn() needs a key, not ${describe(key)}`);
  if (isDeniedKey(key)) throw deniedError(String(key));
  return Object.hasOwn(holder, key);
}

/** Array.from() of a list, a text (by code points) or `{ length: n }`, with a function for each item. */
function arrayFrom(args: Args): unknown[] {
  const [source] = args;
  const change = optionalCallback(args, 1, "Array.from");
  const list = itemsOf(source);
  return change === undefined ? list : list.map((item, index) => change(item, index));
}

function itemsOf(source: unknown): unknown[] {
  if (Array.isArray(source) || typeof source === "string") {
    chargeItems(source.length);
    return Array.from<unknown>(source);
  }
  if (isObject(source) && Object.hasOwn(source, "length")) {
    const length = Math.trunc(numberArg([source["length"]], 0, "Array.from")) || 0;
    if (length > machine.limits.arrayLengthMax) throw limitError("arrayLengthMax");
    chargeItems(Math.max(0, length));
    return Array.from({ length: Math.max(0, length) }, (_, index) =>
      Object.hasOwn(source, index) ? source[index] : undefined,
    );
  }
  throw typeError(`Array.from() needs a list, a text or { length: n }, not ${describe(source)}`);
}

function madeOf(args: Args, name: string, apply: (codes: number[]) => string): string {
  chargeItems(args.length);
  return apply(fewArgs(args, name).map((arg) => toNumber(arg, `String.${name}()`)));
}
