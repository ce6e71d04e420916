/** Functions for objects and for values of any shape. Nothing given is changed; denied keys stay out of reach. */
import { charge, chargeItems, chargeScan, limitError, machine } from "../machine.ts";
import {
  deniedError,
  describe,
  isDeniedKey,
  isObject,
  type PlainObject,
  setOwn,
  typeError,
  valueError,
} from "../value.ts";
import {
  type Args,
  callbackArg,
  listArg,
  type Native,
  numberArg,
  objectArg,
  optionalNumber,
  textArg,
} from "./library.ts";

/** Functions for objects and values by name. */
export const OBJECT_FUNCTIONS: ReadonlyMap<string, Native> = new Map<string, Native>([
  [
    "clamp",
    (args) => {
      const [low, high] = [numberArg(args, 1, "clamp"), numberArg(args, 2, "clamp")];
      return Math.min(Math.max(numberArg(args, 0, "clamp"), low), high);
    },
  ],
  ["equal", (args) => equal(args[0], args[1], 0)],
  ["get", get],
  ["isEmpty", (args) => isEmpty(args[0])],
  [
    "mapValues",
    (args) => {
      const change = callbackArg(args, 1, "mapValues");
      return rebuilt(objectArg(args, 0, "mapValues"), (key, value) => [key, change(value, key)]);
    },
  ],
  [
    "merge",
    (args) =>
      args.map((_, index) => objectArg(args, index, "merge")).reduce((a, b) => merged(a, b, 0), {}),
  ],
  [
    "omit",
    (args) => {
      const keys = keyList(args, "omit");
      return rebuilt(objectArg(args, 0, "omit"), (key, value) =>
        keys.has(key) ? null : [key, value],
      );
    },
  ],
  [
    "pick",
    (args) => {
      const keys = keyList(args, "pick");
      return rebuilt(objectArg(args, 0, "pick"), (key, value) =>
        keys.has(key) ? [key, value] : null,
      );
    },
  ],
  [
    "roundTo",
    (args) => roundTo(numberArg(args, 0, "roundTo"), optionalNumber(args, 1, "roundTo") ?? 0),
  ],
]);

function rebuilt(
  source: PlainObject,
  change: (key: string, value: unknown) => readonly [string, unknown] | null,
): PlainObject {
  const keys = Object.keys(source);
  chargeItems(keys.length);
  const made: PlainObject = {};
  for (const key of keys) {
    const entry = change(key, source[key]);
    if (entry !== null) setOwn(made, ...entry);
  }
  return made;
}

function keyList(args: Args, name: string): ReadonlySet<unknown> {
  const keys = listArg(args, 1, name);
  chargeItems(keys.length);
  return new Set(keys);
}

/** Objects of both, deeply; lists and other values of the second replace those of the first. */
function merged(first: PlainObject, second: PlainObject, depth: number): PlainObject {
  if (depth > machine.limits.depthMax) throw limitError("depthMax");
  const made = rebuilt(first, (key, value) => [key, value]);
  for (const key of Object.keys(second)) {
    charge(1);
    const before = Object.hasOwn(made, key) ? made[key] : undefined;
    const value = second[key];
    setOwn(
      made,
      key,
      isObject(before) && isObject(value) ? merged(before, value, depth + 1) : value,
    );
  }
  return made;
}

/** Equal in content: lists in order, objects whatever the order of their keys. */
function equal(a: unknown, b: unknown, depth: number): boolean {
  charge(1);
  if (typeof a === "string" && typeof b === "string" && a.length === b.length) chargeScan(a);
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return Object.is(a, b);
  if (depth > machine.limits.depthMax) throw limitError("depthMax");
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!(Array.isArray(a) && Array.isArray(b)) || a.length !== b.length) return false;
    return a.every((item, index) => equal(item, b[index], depth + 1));
  }
  const keys = Object.keys(a);
  charge(keys.length);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => {
    return (
      Object.hasOwn(b, key) && equal((a as PlainObject)[key], (b as PlainObject)[key], depth + 1)
    );
  });
}

/** get(value, "a.b[0]", fallback): the fallback (default null) where a link is missing. */
function get(args: Args): unknown {
  const path = textArg(args, 1, "get");
  chargeScan(path);
  if (!/^[^.[\]]+(?:\.[^.[\]]+|\[\d+\])*$/.test(path))
    throw valueError(`get() needs a path such as "a.b[0]", not ${describe(path)}`);
  const fallback = args[2] === undefined ? null : args[2];
  let value = args[0];
  for (const key of path.replaceAll("[", ".").replaceAll("]", "").split(".")) {
    charge(1);
    if (isDeniedKey(key)) throw deniedError(key);
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return fallback;
    value = (value as PlainObject)[key];
  }
  return value;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) {
    for (const key in value) if (Object.hasOwn(value, key)) return false;
    return true;
  }
  if (typeof value === "string") return false;
  throw typeError(`isEmpty() looks at texts, lists and objects, not ${describe(value)}`);
}

/** Half away from zero, on the decimal digits as they are written: roundTo(1.005, 2) is 1.01. */
function roundTo(value: number, digits: number): number {
  if (!Number.isInteger(digits) || digits < 0 || digits > 20)
    throw valueError("roundTo() keeps 0 to 20 digits");
  if (!Number.isFinite(value)) return value;
  const [mantissa = "0", exponent = "0"] = String(Math.abs(value)).split("e");
  const shifted = Math.round(Number(`${mantissa}e${Number(exponent) + digits}`));
  const [whole = "0", power = "0"] = String(shifted).split("e");
  const rounded = Number(`${whole}e${Number(power) - digits}`);
  return value < 0 ? -rounded : rounded;
}
