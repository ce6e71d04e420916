/**
 * What leaves an evaluation: plain JSON, so that the value in memory equals the one in the journal.
 *
 * undefined alone is null; inside an object its key is dropped, inside a list it is null, as
 * JSON.stringify does. -0 becomes 0. NaN, Infinity and functions are errors. What needs no change is
 * returned as it is, not copied. The walk charges one operation for 4 values and for 64 characters,
 * so that a value that shares its parts cannot grow when it is written down.
 */
import { Pattern } from "./library/pattern.ts";
import { charge, limitError, machine } from "./machine.ts";
import { SecretText } from "./secret-text.ts";
import { type PlainObject, setOwn, typeError, valueError } from "./value.ts";

/** `value` as plain JSON. */
export function toResult(value: unknown): unknown {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (value === undefined) return null;
  if (typeof value === "number") return numberResult(value);
  return plain(value, 0);
}

function numberResult(value: number): number {
  if (!Number.isFinite(value))
    throw valueError(`the result is ${value}, which is not a JSON number`);
  return value === 0 ? 0 : value;
}

function plain(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case "string":
      charge(0.25 + value.length / 64);
      return value;
    case "number":
      charge(0.25);
      return numberResult(value);
    case "object":
      charge(0.25);
      if (value === null) return null;
      if (depth >= machine.limits.depthMax) throw limitError("depthMax");
      return Array.isArray(value) ? plainList(value, depth) : plainObject(value, depth);
    case "function":
      throw typeError("the result is a function: call it");
    case "boolean":
    case "undefined":
      charge(0.25);
      return value;
    default:
      throw typeError(`the result holds a ${typeof value}, which is not JSON`);
  }
}

function plainList(list: readonly unknown[], depth: number): readonly unknown[] {
  // The result of match() has `index` and `groups` beside its items; JSON has no place for them.
  let copy: unknown[] | null = Object.hasOwn(list, "index") ? [] : null;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    const result = plain(item, depth + 1) ?? null;
    if (copy === null && !Object.is(result, item)) copy = list.slice(0, index);
    copy?.push(result);
  }
  return copy ?? list;
}

function plainObject(value: object, depth: number): unknown {
  if (value instanceof Pattern)
    throw typeError("the result is a pattern: use it with match, replace, split or test");
  if (value instanceof SecretText) return value;
  const source = value as PlainObject;
  const keys = Object.keys(source);
  let changed: PlainObject | null = null;
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? "";
    charge(key.length / 64);
    const item = source[key];
    const result = plain(item, depth + 1);
    if (changed === null && (result === undefined || !Object.is(result, item))) {
      changed = {};
      for (const before of keys.slice(0, index)) setOwn(changed, before, source[before]);
    }
    if (changed !== null && result !== undefined) setOwn(changed, key, result);
  }
  return changed ?? value;
}
