/**
 * What the data nodes work on: a list, or an object whose values are worked on under their keys.
 * A function field gets `(item, index)` for a list and `(value, key)` for an object.
 */
import { z } from "zod";

export const ITEMS_MAX = 1_000_000;

export const List = z.array(z.unknown()).max(ITEMS_MAX).meta({ description: "A list of items" });

export const Collection = z
  .union([z.array(z.unknown()).max(ITEMS_MAX), z.record(z.string(), z.unknown())], {
    error: "must be a list or an object",
  })
  .meta({ description: "A list, or an object whose values are the items" });

export type Collection = z.infer<typeof Collection>;

/** The items with their index or key, in order. */
export function entriesOf(items: Collection): readonly (readonly [number | string, unknown])[] {
  return Array.isArray(items)
    ? items.map((item, index) => [index, item] as const)
    : Object.entries(items);
}
