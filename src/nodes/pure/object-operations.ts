/**
 * The operations of `data.transform` that change the form of objects and lists. Results are fresh
 * objects made from entries, so a field named `__proto__` is a field like any other.
 */
import { type Collection, ITEMS_MAX, isListOf, isObject, type JsonObject } from "./collection.ts";
import { addFlat } from "./data-flatten.ts";
import { fieldFault, limitFault } from "./field-fault.ts";
import {
  type FieldPath,
  fieldNames,
  hasField,
  readField,
  withField,
  withoutField,
} from "./field-path.ts";
import { NESTING_MAX } from "./plain-json.ts";
import { textOfValue } from "./value-conversions.ts";

/** A list stays, null becomes an empty one, anything else the one item of a list. */
export function toList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === null || value === undefined ? [] : [value];
}

export interface ToObjectOptions {
  /** The field of an item that names it; without it items are `[key, value]` or `{ key, value }`. */
  readonly key: FieldPath | undefined;
  /** The field of an item that is its value; the whole item without it. */
  readonly field: FieldPath | undefined;
  readonly duplicates: "last" | "first" | "fail";
}

/** An object of the items of a list; an object stays. */
export function toObject(value: unknown, options: ToObjectOptions): JsonObject {
  if (isObject(value)) return value;
  if (!Array.isArray(value)) throw notA(value, "a list or an object", "to_object");
  const entries = new Map<string, unknown>();
  for (const [index, item] of value.entries()) {
    const [key, inner] = entryOf(item, index, options);
    if (entries.has(key) && options.duplicates === "fail")
      throw fieldFault("value", `item ${index} has the key ${JSON.stringify(key)} once more.`);
    if (!entries.has(key) || options.duplicates === "last") entries.set(key, inner);
  }
  return Object.fromEntries(entries);
}

function entryOf(
  item: unknown,
  index: number,
  { key, field }: ToObjectOptions,
): readonly [string, unknown] {
  const isPair = key === undefined && Array.isArray(item) && item.length === 2;
  const name = readField(item, key === undefined ? [isPair ? "0" : "key"] : fieldNames(key));
  if (name === null || typeof name === "object")
    throw fieldFault(
      "value",
      key === undefined
        ? `item ${index} is neither [key, value] nor { key, value }; name the key's field in key.`
        : `item ${index} has no text or number in ${fieldNames(key).join(".")}.`,
    );
  if (field !== undefined) return [textOfValue(name), readField(item, fieldNames(field))];
  return [textOfValue(name), key === undefined ? readField(item, [isPair ? "1" : "value"]) : item];
}

/** `{ a: { b: 1 } }` becomes `{ "a.b": 1 }`; of a list, the items of all lists inside it. */
export function flattened(value: unknown, separator: string): Collection {
  const flat: unknown[] = [];
  if (Array.isArray(value)) {
    addFlat(flat, value, NESTING_MAX);
    return flat;
  }
  if (!isObject(value)) throw notA(value, "a list or an object", "flatten");
  const entries = new Map<string, unknown>();
  addEntries(entries, value, "", separator);
  return Object.fromEntries(entries);
}

function addEntries(
  entries: Map<string, unknown>,
  object: JsonObject,
  prefix: string,
  separator: string,
): void {
  for (const [name, value] of Object.entries(object)) {
    const path = prefix + name;
    if (isObject(value) && Object.keys(value).length > 0) {
      addEntries(entries, value, path + separator, separator);
      continue;
    }
    if (entries.has(path))
      throw fieldFault(
        "value",
        `two fields would be named ${JSON.stringify(path)}; choose another separator.`,
      );
    entries.set(path, value);
    if (entries.size > ITEMS_MAX)
      throw limitFault("items", ITEMS_MAX, `The flat object has more than ${ITEMS_MAX} fields.`);
  }
}

/** `{ "a.b": 1 }` becomes `{ a: { b: 1 } }`. */
export function unflattened(value: unknown, separator: string): JsonObject {
  if (!isObject(value)) throw notA(value, "an object", "unflatten");
  const root: Branch = new Map();
  for (const [path, leaf] of Object.entries(value)) {
    const names = path.split(separator);
    if (names.length > NESTING_MAX)
      throw limitFault("depth", NESTING_MAX, `A name has more than ${NESTING_MAX} parts.`);
    let branch = root;
    for (const name of names.slice(0, -1)) {
      const inner = branch.get(name);
      if (inner !== undefined && !(inner instanceof Map)) throw bothLeafAndBranch(path);
      const next: Branch = inner ?? new Map();
      branch.set(name, next);
      branch = next;
    }
    const last = names.at(-1) ?? "";
    if (branch.has(last)) throw bothLeafAndBranch(path);
    branch.set(last, { leaf });
  }
  return objectOf(root);
}

type Branch = Map<string, Branch | { readonly leaf: unknown }>;

function objectOf(branch: Branch): JsonObject {
  return Object.fromEntries(
    [...branch].map(([name, inner]) => [name, inner instanceof Map ? objectOf(inner) : inner.leaf]),
  );
}

function bothLeafAndBranch(path: string): Error {
  return fieldFault(
    "value",
    `${JSON.stringify(path)} and another field are both a value and an object.`,
  );
}

/** Only these fields, nested as they were; those that are missing stay out. */
export function picked(value: unknown, fields: readonly FieldPath[]): JsonObject {
  if (!isObject(value)) throw notA(value, "an object", "pick");
  let made: unknown = {};
  for (const field of fields) {
    const names = fieldNames(field);
    if (hasField(value, names)) made = withField(made, names, readField(value, names));
  }
  return made as JsonObject;
}

/** All but these fields. */
export function omitted(value: unknown, fields: readonly FieldPath[]): unknown {
  if (!isObject(value)) throw notA(value, "an object", "omit");
  return fields.reduce<unknown>((rest, field) => withoutField(rest, fieldNames(field)), value);
}

/** Top-level fields under new names, in their places. */
export function renamed(value: unknown, names: Readonly<Record<string, string>>): JsonObject {
  if (!isObject(value)) throw notA(value, "an object", "rename");
  const made = new Map<string, unknown>();
  for (const [name, inner] of Object.entries(value)) {
    const wanted = Object.hasOwn(names, name) ? (names[name] ?? name) : name;
    if (made.has(wanted))
      throw fieldFault("names", `two fields would be named ${JSON.stringify(wanted)}.`);
    made.set(wanted, inner);
  }
  return Object.fromEntries(made);
}

/** Values become names, names values. */
export function inverted(value: unknown): JsonObject {
  if (!isObject(value)) throw notA(value, "an object", "invert");
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (typeof inner === "object" && inner !== null)
        throw fieldFault(
          "value",
          `${JSON.stringify(name)} holds a list or an object, which cannot be a name.`,
        );
      return [textOfValue(inner), name];
    }),
  );
}

/** The fields of every object inside, sorted by name (UTF-16 code units). */
export function keysSorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysSorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, inner]) => [name, keysSorted(inner)]),
  );
}

/** Entries of an object, or of a list by index. */
export function entriesIn(
  value: unknown,
  operation: string,
): readonly (readonly [string | number, unknown])[] {
  if (typeof value !== "object" || value === null)
    throw notA(value, "a list or an object", operation);
  const items = value as Collection;
  return isListOf(items) ? items.map((item, index) => [index, item]) : Object.entries(items);
}

function notA(value: unknown, wanted: string, operation: string): Error {
  const is =
    value === null || value === undefined
      ? "null"
      : Array.isArray(value)
        ? "a list"
        : `a ${typeof value}`;
  return fieldFault("value", `is ${is}; ${operation} needs ${wanted}.`);
}
