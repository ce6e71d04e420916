/**
 * What the data nodes work on: a list, or an object whose values are worked on under their keys.
 * A function field gets `(item, index)` for a list and `(value, key)` for an object.
 *
 * The schemas look at the container and not inside, and hand on the value itself: data may be
 * large, is JSON already, and zod's own records would drop a key named `__proto__`.
 */
import { z } from "zod";
import { isStream } from "./stream-value.ts";

export const ITEMS_MAX = 1_000_000;

export type JsonObject = Readonly<Record<string, unknown>>;
export type Collection = readonly unknown[] | JsonObject;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isStream(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= ITEMS_MAX;
}

/** An object of any fields. */
export const AnyObject = z
  .custom<JsonObject>(isObject, { error: "must be an object" })
  .meta({ type: "object" });

/** An object of any fields whose values fit `value`; `what` says in the error what they must be. */
export function objectOf<Value extends z.ZodType>(value: Value, what: string) {
  const fits = (inner: unknown): boolean => value.safeParse(inner).success;
  return z
    .custom<Readonly<Record<string, z.output<Value>>>>(
      (given) => isObject(given) && Object.values(given).every(fits),
      {
        error: ({ input }) => {
          const wrong = isObject(input)
            ? Object.entries(input).find(([, one]) => !fits(one))
            : null;
          const where = wrong == null ? "" : ` at ${JSON.stringify(wrong[0]).slice(0, 80)}`;
          return `must be an object of ${what}${where}`;
        },
      },
    )
    .meta({ type: "object" });
}

/** A stream is an object to look at, and never meant as one. */
function orStream(input: unknown): string {
  return isStream(input) ? "; it is a stream: stream.collect makes a list of it" : "";
}

/** A list of anything, at most ITEMS_MAX long. */
export const List = z
  .custom<readonly unknown[]>(isList, {
    error: ({ input }) =>
      Array.isArray(input)
        ? `must have at most ${ITEMS_MAX} items`
        : `must be a list${orStream(input)}`,
  })
  .meta({ type: "array" });

export const Collection = z
  .custom<Collection>((value) => isList(value) || isObject(value), {
    error: ({ input }) =>
      Array.isArray(input)
        ? `must have at most ${ITEMS_MAX} items`
        : `must be a list or an object${orStream(input)}`,
  })
  .meta({ type: ["array", "object"] });

/** Tells the two kinds of collection apart; Array.isArray does not narrow readonly lists. */
export function isListOf(items: Collection): items is readonly unknown[] {
  return Array.isArray(items);
}

/** The items with their index or key, in order. */
export function entriesOf(items: Collection): readonly (readonly [number | string, unknown])[] {
  return isListOf(items)
    ? items.map((item, index) => [index, item] as const)
    : Object.entries(items);
}
