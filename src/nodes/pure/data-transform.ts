/**
 * `data.transform` changes the form of a value: an object to a list and back, fields picked, renamed
 * or flattened, text to a number. What each operation does is in object-operations.ts and
 * value-conversions.ts.
 */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { objectOf } from "./collection.ts";
import { FieldPath } from "./field-path.ts";
import {
  entriesIn,
  flattened,
  inverted,
  keysSorted,
  omitted,
  picked,
  renamed,
  toList,
  toObject,
  unflattened,
} from "./object-operations.ts";
import { checkOptions, type Options } from "./operation-options.ts";
import { booleanOfValue, numberOfValue, textOfValue } from "./value-conversions.ts";

const OPTIONS = {
  to_list: {},
  to_object: { takes: ["key", "field", "duplicates"] },
  keys: {},
  values: {},
  entries: {},
  flatten: { takes: ["separator"] },
  unflatten: { takes: ["separator"] },
  pick: { needs: ["fields"] },
  omit: { needs: ["fields"] },
  rename: { needs: ["names"] },
  invert: {},
  sort_keys: {},
  to_text: {},
  to_number: {},
  to_boolean: {},
} as const satisfies Record<string, Options<string>>;

type Operation = keyof typeof OPTIONS;

export const dataTransform = defineNode({
  type: "data.transform",
  title: "Transform",
  description:
    "Changes the form of a value: to a list or an object and back, fields picked, left out, renamed or flattened, text to number or boolean.",
  category: "data",
  icon: "shuffle",
  pure: true,
  config: z
    .strictObject({
      value: z.unknown().describe("What is transformed"),
      operation: z
        .enum(Object.keys(OPTIONS) as [Operation, ...Operation[]])
        .describe(
          "to_list, to_object, keys, values, entries (`{ key, value }`), flatten and unflatten (`a.b`), pick, omit, rename, invert (names and values change places), sort_keys, to_text, to_number, to_boolean",
        ),
      key: FieldPath.optional().describe(
        "to_object: the field that names an item; without it items are `[key, value]` or `{ key, value }`",
      ),
      field: FieldPath.optional().describe(
        "to_object: the field that becomes the value; the whole item without it",
      ),
      duplicates: z
        .enum(["last", "first", "fail"])
        .optional()
        .describe("to_object: which of two items with the same key stays; default last"),
      separator: z
        .string()
        .min(1)
        .max(20)
        .optional()
        .describe("flatten, unflatten: between the names; default a dot"),
      fields: z.array(FieldPath).optional().describe("pick, omit: the fields"),
      names: objectOf(z.string(), "names").optional().describe("rename: new names by old ones"),
    })
    .superRefine(checkOptions(OPTIONS, ["value", "operation"])),
  output: z.unknown(),
  examples: [
    {
      title: "Rows by id",
      with: {
        value: [
          { id: "a", n: 1 },
          { id: "b", n: 2 },
        ],
        operation: "to_object",
        key: "id",
        field: "n",
      },
      output: { a: 1, b: 2 },
    },
    {
      title: "Entries",
      with: { value: { a: 1, b: 2 }, operation: "entries" },
      output: [
        { key: "a", value: 1 },
        { key: "b", value: 2 },
      ],
    },
    {
      title: "One level for a table",
      with: { value: { id: 1, customer: { name: "Ada", tags: ["x"] } }, operation: "flatten" },
      output: { id: 1, "customer.name": "Ada", "customer.tags": ["x"] },
    },
    { title: "Text to a number", with: { value: " 12.50 ", operation: "to_number" }, output: 12.5 },
  ],
  run({ value, operation, key, field, duplicates, separator, fields, names }) {
    switch (operation) {
      case "to_list":
        return toList(value);
      case "to_object":
        return toObject(value, { key, field, duplicates: duplicates ?? "last" });
      case "keys":
        return entriesIn(value, operation).map(([name]) => name);
      case "values":
        return entriesIn(value, operation).map(([, inner]) => inner);
      case "entries":
        return entriesIn(value, operation).map(([name, inner]) => ({ key: name, value: inner }));
      case "flatten":
        return flattened(value, separator ?? ".");
      case "unflatten":
        return unflattened(value, separator ?? ".");
      case "pick":
        return picked(value, fields ?? []);
      case "omit":
        return omitted(value, fields ?? []);
      case "rename":
        return renamed(value, names ?? {});
      case "invert":
        return inverted(value);
      case "sort_keys":
        return keysSorted(value);
      case "to_text":
        return textOfValue(value);
      case "to_number":
        return numberOfValue(value);
      case "to_boolean":
        return booleanOfValue(value);
    }
  },
});
