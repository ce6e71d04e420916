/**
 * Values as expressions see them: how they are named in messages, turned into text and numbers,
 * and which keys nobody reaches.
 */
import { ExpressionError } from "./expression.ts";
import { chargeScan } from "./machine.ts";

export type PlainObject = Record<string, unknown>;

/** Keys that lead to prototypes: refused wherever a name or a computed key is used. */
const DENIED_KEYS: ReadonlySet<unknown> = new Set(["__proto__", "constructor", "prototype"]);

/** True for a key that no expression may reach, own property or not. */
export function isDeniedKey(key: unknown): boolean {
  return DENIED_KEYS.has(key);
}

export function deniedError(key: string): ExpressionError {
  return new ExpressionError("denied", `"${key}" cannot be reached from an expression`);
}

export function typeError(message: string): ExpressionError {
  return new ExpressionError("type", message);
}

export function valueError(message: string): ExpressionError {
  return new ExpressionError("value", message);
}

/** What a value is, for messages: "a text", "a list of 3 items", "null". */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (Array.isArray(value))
    return value.length === 1 ? "a list of 1 item" : `a list of ${value.length} items`;
  switch (typeof value) {
    case "string":
      return value.length <= 40 ? `the text ${JSON.stringify(value)}` : "a text";
    case "number":
      return `the number ${value}`;
    case "boolean":
      return String(value);
    case "function":
      return "a function";
    default:
      return "an object";
  }
}

/** `text` cut to what fits into a message. */
export function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** True for an object that is not a list. */
export function isObject(value: unknown): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets an own property whatever its name is: `__proto__` becomes plain data, never a prototype. */
export function setOwn(target: PlainObject, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    target[key] = value;
  }
}

/** A primitive as text, as JavaScript writes it. undefined, lists, objects and functions are errors. */
export function toText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || value === null)
    return String(value);
  if (value === undefined) {
    throw valueError("undefined cannot be part of a text: give a default with ??");
  }
  throw typeError(`${describe(value)} cannot be part of a text: use JSON.stringify() or join()`);
}

/** A primitive as JavaScript turns it into a number. Lists, objects and functions are errors. */
export function toNumber(value: unknown, operator: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    chargeScan(value);
    return Number(value);
  }
  if (typeof value === "boolean" || value === null || value === undefined) return Number(value);
  throw typeError(`${operator} needs numbers, not ${describe(value)}`);
}
