/**
 * JSON.stringify within the limits: the text is measured before it is made, since a value that
 * shares its parts can be far longer written down than it is in memory.
 */
import { charge, chargeText, limitError, machine } from "../machine.ts";
import { SecretText } from "../secret-text.ts";
import { describe, isObject, type PlainObject, typeError } from "../value.ts";
import type { Args } from "./library.ts";
import { Pattern } from "./pattern.ts";

/** JSON.stringify(value, null, indent): no replacer; indent is a number up to 10 or a text. */
export function stringify(args: Args): string | undefined {
  const [value, replacer, indent] = args;
  if (replacer !== undefined && replacer !== null)
    throw typeError("JSON.stringify() takes no replacer: use null");
  if (indent !== undefined && typeof indent !== "number" && typeof indent !== "string") {
    throw typeError(
      `JSON.stringify() needs a number or a text to indent with, not ${describe(indent)}`,
    );
  }
  const room =
    typeof indent === "string"
      ? Math.min(10, indent.length)
      : Math.min(10, Math.max(0, indent ?? 0));
  chargeText(measure(value, room, 0));
  return JSON.stringify(value, null, indent);
}

/** The text of a value inside other text: objects and lists as JSON. */
export function jsonText(value: unknown): string {
  chargeText(measure(value, 0, 0));
  return JSON.stringify(value);
}

/** At least the length of the JSON text (a character may take six), found without making it. */
function measure(value: unknown, indent: number, depth: number): number {
  charge(1);
  if (typeof value === "string") return value.length + 2;
  if (value instanceof SecretText)
    throw typeError("a secret cannot be part of JSON text: hand the object itself to the step");
  if (typeof value === "function" || value instanceof Pattern)
    throw typeError(`${describe(value)} is not JSON`);
  if (typeof value !== "object" || value === null) return 4;
  if (depth >= machine.limits.depthMax) throw limitError("depthMax");
  const line = indent === 0 ? 1 : 2 + indent * (depth + 1);
  let length = 2 + line;
  const add = (more: number): void => {
    length += more;
    if (length > machine.limits.stringLengthMax) throw limitError("stringLengthMax");
  };
  if (isObject(value)) {
    for (const key of Object.keys(value))
      add(key.length + 4 + line + measure((value as PlainObject)[key], indent, depth + 1));
  } else {
    for (const item of value as readonly unknown[]) add(line + measure(item, indent, depth + 1));
  }
  return length;
}
