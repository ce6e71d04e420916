/**
 * `data.merge` makes one object of several, later ones winning, or one list of several. Objects
 * inside can be merged too (`deep`), and what happens to lists inside is chosen apart from that.
 */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { type Collection, ITEMS_MAX, isListOf, isObject, type JsonObject } from "./collection.ts";
import { identityOf } from "./compare-json.ts";
import { fieldFault, limitFault } from "./field-fault.ts";

const Parts = z
  .custom<readonly (Collection | null)[]>(
    (value) => Array.isArray(value) && value.every((part) => typeof part === "object"),
    { error: "must be a list of objects or of lists (nulls are left out)" },
  )
  .meta({ type: "array", items: { type: ["object", "array", "null"] } });

interface Rules {
  readonly deep: boolean;
  readonly lists: "replace" | "concat" | "unique";
  readonly conflict: "last" | "first" | "fail";
}

export const dataMerge = defineNode({
  type: "data.merge",
  title: "Merge",
  description:
    "Makes one object of several (fields of later ones win) or one list of several. Nulls are left out, so that skipped steps can be merged.",
  category: "data",
  icon: "git-merge",
  pure: true,
  config: z.strictObject({
    values: Parts.describe("Objects, or lists; not both"),
    deep: z.boolean().default(false).describe("Whether objects inside objects are merged too"),
    lists: z
      .enum(["replace", "concat", "unique"])
      .default("replace")
      .describe(
        "Lists in the same field: the winner's, one after the other, or so without repeated items",
      ),
    conflict: z
      .enum(["last", "first", "fail"])
      .default("last")
      .describe("Whose value a field gets when several have different ones, or an error"),
  }),
  output: z.unknown(),
  examples: [
    {
      title: "Defaults and settings",
      with: {
        values: [{ color: "red", size: { w: 1, h: 2 } }, { size: { h: 5 } }],
        deep: true,
      },
      output: { color: "red", size: { w: 1, h: 5 } },
    },
    { title: "Lists", with: { values: [[1, 2], null, [2, 3]] }, output: [1, 2, 2, 3] },
    {
      title: "Lists in fields",
      with: { values: [{ tags: ["a", "b"] }, { tags: ["b", "c"] }], lists: "unique" },
      output: { tags: ["a", "b", "c"] },
    },
  ],
  run({ values, deep, lists, conflict }) {
    const parts = values.filter((part) => part !== null);
    const rules = { deep, lists, conflict };
    if (parts.length > 0 && parts.every(isListOf)) return joined(parts, lists === "unique");
    if (parts.some(isListOf)) throw fieldFault("values", "holds both lists and objects.");
    return mergedObjects(parts as readonly JsonObject[], rules, []);
  },
});

/** Field by field, so that merging many objects costs the sum of their fields. */
function mergedObjects(
  objects: readonly JsonObject[],
  rules: Rules,
  path: readonly string[],
): JsonObject {
  const fields = new Map<string, unknown[]>();
  for (const object of objects)
    for (const [name, value] of Object.entries(object)) {
      const values = fields.get(name);
      if (values === undefined) fields.set(name, [value]);
      else values.push(value);
    }
  return Object.fromEntries(
    [...fields].map(([name, values]) => [name, mergedField(values, rules, [...path, name])]),
  );
}

/** `mergeable` holds the values that make up the field together: several only of one kind. */
function mergedField(values: readonly unknown[], rules: Rules, path: readonly string[]): unknown {
  let mergeable = values.slice(0, 1);
  for (const value of values.slice(1)) {
    const [first] = mergeable;
    const areObjects = rules.deep && isObject(first) && isObject(value);
    const areLists = rules.lists !== "replace" && Array.isArray(first) && Array.isArray(value);
    if (areObjects || areLists) mergeable.push(value);
    else if (rules.conflict === "last") mergeable = [value];
    else if (rules.conflict === "fail" && identityOf(first) !== identityOf(value))
      throw conflicting(path);
  }
  const [only] = mergeable;
  if (mergeable.length === 1) return only;
  return isObject(only)
    ? mergedObjects(mergeable as readonly JsonObject[], rules, path)
    : joined(mergeable as readonly (readonly unknown[])[], rules.lists === "unique");
}

function conflicting(path: readonly string[]): Error {
  return fieldFault(
    "values",
    `have different values of ${path.join(".").slice(0, 200)}; choose conflict: last or first.`,
    { details: { path: path.slice(0, 20) } },
  );
}

function joined(lists: readonly (readonly unknown[])[], isUnique: boolean): unknown[] {
  let length = 0;
  for (const list of lists) length += list.length;
  if (length > ITEMS_MAX)
    throw limitFault("items", ITEMS_MAX, `The lists have more than ${ITEMS_MAX} items together.`);
  const all = lists.flat(1);
  if (!isUnique) return all;
  const seen = new Set<string>();
  return all.filter((item) => {
    const identity = identityOf(item);
    return !seen.has(identity) && seen.add(identity);
  });
}
