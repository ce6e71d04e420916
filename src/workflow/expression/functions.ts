/**
 * Everything that an expression can call: the closed lists that the compiler looks names up in.
 */

import { DATE_FUNCTIONS } from "./library/dates.ts";
import { ENCODING_FUNCTIONS } from "./library/encoding.ts";
import { JAVASCRIPT_FUNCTIONS, JAVASCRIPT_NAMESPACES } from "./library/javascript.ts";
import { JSON_PATH_FUNCTIONS } from "./library/json-path.ts";
import type { Args, Method, Namespace, Native } from "./library/library.ts";
import { LIST_METHODS } from "./library/list-methods.ts";
import { LIST_FUNCTIONS } from "./library/lists.ts";
import { NUMBER_METHODS, OTHER_METHODS } from "./library/number-methods.ts";
import { OBJECT_FUNCTIONS } from "./library/objects.ts";
import { TEXT_FUNCTIONS } from "./library/text.ts";
import { TEXT_METHODS } from "./library/text-methods.ts";

/** Functions by name. */
export const FUNCTIONS: ReadonlyMap<string, Native> = new Map<string, Native>([
  ...JAVASCRIPT_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...OBJECT_FUNCTIONS,
  ...DATE_FUNCTIONS,
  ...ENCODING_FUNCTIONS,
  ...JSON_PATH_FUNCTIONS,
]);

/** Groups of functions by name. */
export const NAMESPACES: ReadonlyMap<string, Namespace> = JAVASCRIPT_NAMESPACES;

/** A method as it is called: its table is chosen by the value's type, so the value fits. */
export type AnyMethod = (self: unknown, args: Args) => unknown;

function asAny<Self>(methods: ReadonlyMap<string, Method<Self>>): ReadonlyMap<string, AnyMethod> {
  return methods as ReadonlyMap<string, AnyMethod>;
}

/** Methods by the type of the value they belong to. */
export const METHODS = {
  text: asAny(TEXT_METHODS),
  list: asAny(LIST_METHODS),
  number: asAny(NUMBER_METHODS),
  /** Booleans, objects and patterns. */
  other: asAny(OTHER_METHODS),
} as const;

/** Every method name there is. */
export const METHOD_NAMES: ReadonlySet<string> = new Set(
  Object.values(METHODS).flatMap((methods) => [...methods.keys()]),
);

/** JavaScript's methods that expressions do not have, and what to write instead. */
export const REPLACED_METHODS: ReadonlyMap<string, string> = new Map([
  ["sort", "toSorted()"],
  ["reverse", "toReversed()"],
  ["splice", "toSpliced()"],
  ["push", "[...list, item]"],
  ["unshift", "[item, ...list]"],
  ["pop", "slice(0, -1)"],
  ["shift", "slice(1)"],
  ["fill", "map(() => value)"],
  ["copyWithin", "toSpliced()"],
  ["forEach", "map()"],
  ["localeCompare", "compare(a, b)"],
  ["toLocaleUpperCase", "toUpperCase()"],
  ["toLocaleLowerCase", "toLowerCase()"],
  ["toLocaleString", "formatNumber()"],
  ["substr", "slice()"],
]);
