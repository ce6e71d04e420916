/**
 * Makes sure that what a node returns is JSON before it is journaled, so that the value in memory
 * and the value read back from the journal are the same.
 *
 * P1. The result holds only null, booleans, finite numbers, strings, arrays and plain objects.
 * P2. A value that is already so is returned itself, not copied (the usual case, one walk).
 * P3. What JSON would silently change is either normalised as JSON does (undefined, -0, Date) or
 *     refused with the place named (NaN, Map, class instances, functions, cycles); never guessed.
 * P4. The walk ends: size and depth are bounded. Size counts characters of JSON, like jsonSizeUpTo.
 */
import { NodeError } from "#errors/step-error.ts";
import type { Json } from "#workflow/json.ts";

/** Containers within containers that a value may have; canonical JSON and storage recurse over it. */
export const NESTING_MAX = 200;

interface Walk {
  readonly sizeMax: number;
  size: number;
  /** Keys and indexes from the root to the value at hand; names the place in an error. */
  readonly path: (string | number)[];
}

/**
 * `value` as plain JSON. `sizeMax` is in characters of JSON. Throws NodeError `output_invalid`
 * for what JSON cannot hold and `limit_exceeded` for what is too large or too deep.
 */
export function toPlainJson(value: unknown, sizeMax: number): Json {
  return plain(value, { sizeMax, size: 0, path: [] });
}

/**
 * As toPlainJson, but a copy: for small values that whoever gave them goes on to use, such as the
 * position that a node counts up between two heartbeats.
 */
export function toOwnJson(value: unknown, sizeMax: number): Json {
  const plain = toPlainJson(value, sizeMax);
  return typeof plain === "object" && plain !== null
    ? (JSON.parse(JSON.stringify(plain)) as Json)
    : plain;
}

function plain(value: unknown, walk: Walk): Json {
  switch (typeof value) {
    case "string":
      return sized(value, value.length + 2, walk);
    case "number":
      if (!Number.isFinite(value)) throw refused(walk, `is ${value}, which JSON cannot hold`);
      return sized(value === 0 ? 0 : value, 5, walk);
    case "boolean":
      return sized(value, 5, walk);
    case "undefined":
      return sized(null, 5, walk);
    case "object":
      return value === null ? sized(null, 5, walk) : plainContainer(value, walk);
    case "bigint":
      throw refused(walk, "is a BigInt; return a number, or text for large ones");
    case "function":
    case "symbol":
      throw refused(walk, `is a ${typeof value}, which JSON cannot hold`);
  }
}

function plainContainer(value: object, walk: Walk): Json {
  if (walk.path.length >= NESTING_MAX) throw tooDeep(walk);
  sized(null, 2, walk);
  if (Array.isArray(value)) return plainArray(value, walk);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused(walk, "is an invalid date");
    return sized(value.toISOString(), 26, walk);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(prototype))
    throw refused(walk, `is a ${constructorName(prototype)}; return plain objects and arrays`);
  return plainObject(value as Readonly<Record<string, unknown>>, walk);
}

function plainArray(value: readonly unknown[], walk: Walk): Json {
  let copy: Json[] | null = null;
  for (let index = 0; index < value.length; index += 1) {
    const before = value[index];
    walk.size += 1;
    walk.path.push(index);
    const after = plain(before, walk);
    walk.path.pop();
    if (copy === null && !Object.is(before, after)) copy = value.slice(0, index) as Json[];
    copy?.push(after);
  }
  return copy ?? (value as readonly Json[]);
}

function plainObject(value: Readonly<Record<string, unknown>>, walk: Walk): Json {
  const entries: [string, Json][] = [];
  let changed = Object.getPrototypeOf(value) !== Object.prototype;
  for (const key of Object.keys(value)) {
    const before = value[key];
    if (before === undefined) {
      changed = true;
      continue;
    }
    walk.size += key.length + 4;
    walk.path.push(key);
    const after = plain(before, walk);
    walk.path.pop();
    if (!Object.is(before, after)) changed = true;
    entries.push([key, after]);
  }
  return changed ? Object.fromEntries(entries) : (value as Json);
}

function sized<Value extends Json>(value: Value, size: number, walk: Walk): Value {
  walk.size += size;
  if (walk.size > walk.sizeMax)
    throw new NodeError(
      "limit_exceeded",
      `The output is larger than ${walk.sizeMax} characters of JSON; write large data to a file or split it.`,
      { details: { limit: "outputSize", max: walk.sizeMax } },
    );
  return value;
}

/** Plain objects of another realm (a worker's, a sandbox's) have that realm's Object.prototype. */
function isForeignPlain(prototype: unknown): boolean {
  return (
    typeof prototype === "object" &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, "hasOwnProperty")
  );
}

function constructorName(prototype: unknown): string {
  const found: unknown = (prototype as { constructor?: unknown }).constructor;
  return typeof found === "function" && found.name !== "" ? found.name : "class instance";
}

function refused(walk: Walk, what: string): NodeError {
  return new NodeError("output_invalid", `${placeOf(walk.path)} ${what}.`, {
    details: { path: walk.path.slice(0, 20) },
  });
}

function tooDeep(walk: Walk): NodeError {
  return new NodeError(
    "output_invalid",
    `${placeOf(walk.path)} is nested deeper than ${NESTING_MAX} levels, or the value contains itself.`,
    { details: { path: walk.path.slice(0, 20) } },
  );
}

/** `output.items[3].price`, shortened in the middle of nowhere. */
function placeOf(path: readonly (string | number)[]): string {
  let text = "output";
  for (const part of path.slice(0, 20))
    text += typeof part === "number" ? `[${part}]` : `.${part.slice(0, 60)}`;
  return path.length > 20 ? `${text}…` : text;
}
