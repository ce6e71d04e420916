/**
 * JSON as the whole system means it: what travels between steps and lies in the journal.
 */
import { PackedJson } from "./packed-json.ts";

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * The size of `value` as JSON, counted only until it passes `limit`: a cheap answer to "is it
 * small". Counts characters, not bytes, and at least 1 for each value, so it always ends.
 * Returns a number > `limit` (not the true size) once the limit is passed.
 */
export function jsonSizeUpTo(value: unknown, limit: number): number {
  if (typeof value === "string") return value.length + 2;
  if (value === null || typeof value !== "object") return 5;
  let size = 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      size += 1 + jsonSizeUpTo(item, limit - size);
      if (size > limit) return size;
    }
    return size;
  }
  for (const key in value) {
    size += key.length + 4 + jsonSizeUpTo((value as Record<string, unknown>)[key], limit - size);
    if (size > limit) return size;
  }
  // Asked only of what has no keys: nothing else pays for it.
  return size === 2 && value instanceof PackedJson ? value.content.byteLength : size;
}
