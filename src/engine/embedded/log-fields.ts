/**
 * What a node hands to its log as something that can be kept: text, and an object of plain JSON.
 * A log must never fail a step, so nothing here throws, and what JSON cannot hold is named instead.
 *
 *   F1. The walk ends: it is bounded in depth and in characters of JSON.
 *   F2. Bytes are counted, not shown: no redactor finds a value in a list of numbers.
 */
import type { Json } from "#workflow/json.ts";

/** Characters of one line's text, and of the JSON of its fields. */
export const LOG_TEXT_MAX = 16 * 1024;
export const LOG_FIELDS_MAX = 16 * 1024;
const DEPTH_MAX = 12;

class TooLarge extends Error {}

/** The message as text, however it was given. */
export function logText(message: unknown): string {
  if (typeof message === "string") return message.toWellFormed();
  try {
    return (JSON.stringify(message) ?? String(message)).toWellFormed();
  } catch {
    // Circular, or its toJSON fails: the line says that much.
    return `[a message that is no text: ${typeof message}]`;
  }
}

/** Cut to LOG_TEXT_MAX, saying so. */
export function cutText(text: string): string {
  if (text.length <= LOG_TEXT_MAX) return text;
  return `${text.slice(0, LOG_TEXT_MAX).toWellFormed()} [${text.length - LOG_TEXT_MAX} characters cut]`;
}

/** null: there are none. */
export function plainFields(fields: unknown): Json {
  if (fields === undefined || fields === null) return null;
  try {
    const plain = plainValue(fields, 0, { left: LOG_FIELDS_MAX });
    if (typeof plain !== "object" || Array.isArray(plain)) return { value: plain };
    return plain !== null && Object.keys(plain).length === 0 ? null : plain;
  } catch (error) {
    if (error instanceof TooLarge)
      return { omitted: `The fields are more than ${LOG_FIELDS_MAX} characters of JSON.` };
    return { omitted: `The fields cannot be read: ${logText(String(error))}`.slice(0, 500) };
  }
}

interface Room {
  /** Characters of JSON. */
  left: number;
}

function plainValue(value: unknown, depth: number, room: Room): Json {
  switch (typeof value) {
    case "string":
      return charged(value.toWellFormed(), value.length + 2, room);
    case "number":
      return charged(Number.isFinite(value) ? value : String(value), 8, room);
    case "boolean":
      return charged(value, 5, room);
    case "bigint":
      return charged(String(value), 20, room);
    case "undefined":
      return charged(null, 4, room);
    case "symbol":
    case "function":
      return charged(`[${typeof value}]`, 12, room);
    case "object":
      return value === null ? charged(null, 4, room) : plainObject(value, depth, room);
  }
}

function plainObject(value: object, depth: number, room: Room): Json {
  if (depth > DEPTH_MAX) return charged("[too deep]", 12, room);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return charged(`[${value.byteLength} bytes]`, 20, room);
  if (value instanceof Error) return plainEntries(errorEntries(value), depth, room);
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") {
    const json: unknown = toJSON.call(value);
    return json === value ? charged("[object]", 10, room) : plainValue(json, depth + 1, room);
  }
  // Empty ones too: lists of them that share their items would cost nothing, and never end.
  charged(null, 2, room);
  if (value instanceof Set || Array.isArray(value)) {
    const list: Json[] = [];
    for (const item of value) list.push(plainValue(item, depth + 1, room));
    return list;
  }
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map ? value : Object.entries(value);
  return plainEntries(entries, depth, room);
}

function plainEntries(entries: Iterable<[unknown, unknown]>, depth: number, room: Room): Json {
  const made: [string, Json][] = [];
  for (const [key, item] of entries) {
    if (item === undefined) continue;
    const name = logText(key);
    charged(null, name.length + 4, room);
    made.push([name, plainValue(item, depth + 1, room)]);
  }
  return Object.fromEntries(made);
}

function errorEntries(error: Error): [string, unknown][] {
  const { name, message, stack, cause } = error;
  const own = Object.entries(error);
  return [["name", name], ["message", message], ["stack", stack], ["cause", cause], ...own];
}

function charged<Value extends Json>(value: Value, size: number, room: Room): Value {
  room.left -= size;
  if (room.left < 0) throw new TooLarge();
  return value;
}
