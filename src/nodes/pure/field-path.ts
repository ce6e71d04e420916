/**
 * Field paths of data nodes: `price`, `customer.address.city`, `lines.0.sku`, or a list of names
 * where a name holds a dot. Only own properties count, so `constructor` of an item is just missing.
 */
import { z } from "zod";
import { fieldFault, limitFault } from "./field-fault.ts";
import { NESTING_MAX } from "./plain-json.ts";

export const FieldPath = z
  .union([z.string().min(1), z.array(z.union([z.string(), z.int()])).min(1)], {
    error: "must be a field such as a.b, or a list of names",
  })
  .meta({ description: "A field, `a.b.0`, or a list of names when a name holds a dot" });

export type FieldPath = z.infer<typeof FieldPath>;

/** The path's names in order. */
export function fieldNames(path: FieldPath): readonly string[] {
  return typeof path === "string" ? path.split(".") : path.map(String);
}

/** What `names` reach inside `value`; null where anything on the way is missing. */
export function readField(value: unknown, names: readonly string[]): unknown {
  let current = value;
  for (const name of names) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name))
      return null;
    current = (current as Readonly<Record<string, unknown>>)[name];
  }
  return current ?? null;
}

/** Whether `names` lead to an own property, even one that is null. */
export function hasField(value: unknown, names: readonly string[]): boolean {
  const owner = readField(value, names.slice(0, -1));
  const name = names.at(-1);
  return name !== undefined && typeof owner === "object" && owner !== null
    ? Object.hasOwn(owner, name)
    : false;
}

/**
 * A copy of `target` in which `names` hold `value`; what has no fields on the way becomes an object.
 * Throws NodeError config_invalid for a place that a list does not have: it would be lost.
 */
export function withField(target: unknown, names: readonly string[], value: unknown): unknown {
  refuseDeep(names);
  const [name, ...rest] = names;
  if (name === undefined) return value;
  if (Array.isArray(target)) {
    if (!/^\d{1,7}$/.test(name) || Number(name) > target.length)
      throw fieldFault(
        "fields",
        `${JSON.stringify(name).slice(0, 80)} is no place in a list of ${target.length}: there are 0 to ${target.length}, the last of which adds an item.`,
      );
    const copy: unknown[] = target.slice();
    copy[Number(name)] = withField(target[Number(name)], rest, value);
    return copy;
  }
  const entries = new Map(objectEntries(target));
  entries.set(name, withField(entries.get(name), rest, value));
  return Object.fromEntries(entries);
}

/** A copy of `target` without `names`; the same value when there is nothing to remove. */
export function withoutField(target: unknown, names: readonly string[]): unknown {
  refuseDeep(names);
  const [name, ...rest] = names;
  if (name === undefined || typeof target !== "object" || target === null) return target;
  if (!Object.hasOwn(target, name)) return target;
  if (rest.length > 0) {
    const inner = (target as Readonly<Record<string, unknown>>)[name];
    return withField(target, [name], withoutField(inner, rest));
  }
  if (Array.isArray(target)) return target.filter((_, index) => String(index) !== name);
  return Object.fromEntries(Object.entries(target).filter(([key]) => key !== name));
}

/** A path is followed by recursion, and no output may be nested deeper. */
function refuseDeep(names: readonly string[]): void {
  if (names.length > NESTING_MAX)
    throw limitFault("depth", NESTING_MAX, `A field path has more than ${NESTING_MAX} names.`);
}

function objectEntries(target: unknown): [string, unknown][] {
  return typeof target === "object" && target !== null && !Array.isArray(target)
    ? Object.entries(target)
    : [];
}
