/**
 * `data.extract` takes parts out of a value: one field, several fields under names of their own, or
 * everything that a JSON path finds. Only own properties count, in all three.
 */
import { z } from "zod";
import { JSON_PATH_FUNCTIONS } from "#workflow/expression/library/json-path.ts";
import { defineNode } from "../define-node.ts";
import { objectOf } from "./collection.ts";
import { fieldFault } from "./field-fault.ts";
import { FieldPath, fieldNames, hasField, readField } from "./field-path.ts";
import { callLibrary } from "./library-call.ts";

const NamedFields = z.union(
  [
    z.array(FieldPath).min(1),
    objectOf(FieldPath, "fields").refine((fields) => Object.keys(fields).length > 0),
  ],
  { error: "must be a list of fields, or an object of fields by the name they get" },
);

type Missing = "null" | "omit" | "fail";

export const dataExtract = defineNode({
  type: "data.extract",
  title: "Extract",
  description:
    "Takes parts out of a value: one field (`field`), an object of several (`fields`), or a list of all that a JSON path finds (`path`).",
  category: "data",
  icon: "scissors",
  pure: true,
  config: z
    .strictObject({
      value: z.unknown().describe("What to take from"),
      field: FieldPath.optional().describe("The one field to take, `customer.address.city`"),
      fields: NamedFields.optional().describe(
        "Fields to take: a list (each under its last name), or paths by the name they get",
      ),
      path: z
        .string()
        .min(1)
        .max(1000)
        .optional()
        .describe("A JSON path, `$.lines[*].sku` (RFC 9535 without filters)"),
      missing: z
        .enum(["null", "omit", "fail"])
        .default("null")
        .describe(
          "A field that is not there: null (or `default`), left out of the object, or an error",
        ),
      default: z.unknown().optional().describe("Stands for fields that are missing or null"),
    })
    .refine(
      ({ field, fields, path }) =>
        [field, fields, path].filter((given) => given !== undefined).length === 1,
      { error: "takes exactly one of field, fields and path", path: ["field"] },
    ),
  output: z.unknown(),
  examples: [
    {
      title: "One field",
      with: { value: { customer: { name: "Ada" } }, field: "customer.name" },
      output: "Ada",
    },
    {
      title: "Several, renamed, with a default",
      with: {
        value: { id: 7, customer: { name: "Ada" } },
        fields: { order: "id", name: "customer.name", city: "customer.city" },
        default: "unknown",
      },
      output: { order: 7, name: "Ada", city: "unknown" },
    },
    {
      title: "All that a path finds",
      with: { value: { lines: [{ sku: "a" }, { sku: "b" }] }, path: "$.lines[*].sku" },
      output: ["a", "b"],
    },
  ],
  run({ value, field, fields, path, missing, default: fallback }) {
    if (path !== undefined)
      return callLibrary("path", () => JSON_PATH_FUNCTIONS.get("jsonpath")?.([value, path]));
    const rule = { missing, fallback: fallback ?? null };
    if (fields === undefined) return taken(value, field ?? [], rule);
    const wanted: readonly (readonly [string, FieldPath])[] = Array.isArray(fields)
      ? fields.map((one: FieldPath) => [fieldNames(one).at(-1) ?? "", one])
      : Object.entries(fields);
    return Object.fromEntries(
      wanted.flatMap(([name, one]) =>
        missing === "omit" && !hasField(value, fieldNames(one))
          ? []
          : [[name, taken(value, one, rule)]],
      ),
    );
  },
});

function taken(
  value: unknown,
  field: FieldPath,
  { missing, fallback }: { readonly missing: Missing; readonly fallback: unknown },
): unknown {
  const names = fieldNames(field);
  if (missing === "fail" && !hasField(value, names)) throw notThere(value, names);
  return readField(value, names) ?? fallback;
}

/** Says how far the path leads and what is there instead. */
function notThere(value: unknown, names: readonly string[]): Error {
  let depth = 0;
  while (hasField(value, names.slice(0, depth + 1))) depth += 1;
  const reached = readField(value, names.slice(0, depth));
  const place = ["value", ...names.slice(0, depth)].join(".");
  return fieldFault(
    "field",
    `${names.join(".")} is missing: ${place} is ${described(reached)} without ${JSON.stringify(names[depth])}.`,
    { details: { path: names.slice(0, 20) } },
  );
}

function described(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== "object") return `a ${typeof value}`;
  return `an object (${Object.keys(value).slice(0, 10).join(", ").slice(0, 200)})`;
}
