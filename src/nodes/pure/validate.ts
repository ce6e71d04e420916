/**
 * `validate` checks a value against a JSON Schema (2020-12, patterns in linear time) and fills in
 * the schema's defaults. By default a value that does not fit fails the step.
 */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { compileSchema, type SchemaFault, type Validator } from "#workflow/validate-json.ts";
import { defineNode } from "../define-node.ts";
import { AnyObject, type JsonObject } from "./collection.ts";

/** Faults that the message spells out; the details hold the others too. */
const FAULTS_SHOWN = 3;

export const validate = defineNode({
  type: "validate",
  title: "Validate",
  description:
    "Checks a value against a JSON Schema and gives `{ valid, value, errors }`, the value with defaults filled in. A value that does not fit fails the step unless `onInvalid: report`.",
  category: "convert",
  icon: "check",
  pure: true,
  config: z.strictObject({
    value: z.unknown().describe("What is checked"),
    schema: z.union([z.boolean(), AnyObject]).describe("A JSON Schema (2020-12)"),
    onInvalid: z
      .enum(["fail", "report"])
      .default("fail")
      .describe("A value that does not fit: the step fails, or the output says so"),
  }),
  output: z.strictObject({
    valid: z.boolean(),
    value: z.unknown(),
    errors: z.array(z.strictObject({ pointer: z.string(), message: z.string() })),
  }),
  errors: ["validation_failed"],
  examples: [
    {
      title: "A value that does not fit",
      with: { value: { id: "7" }, schema: { properties: { id: { type: "integer" } } } },
      error: "validation_failed",
    },
    {
      title: "A value that fits, with a default",
      with: {
        value: { id: 1 },
        schema: {
          type: "object",
          required: ["id"],
          properties: { id: { type: "integer" }, status: { type: "string", default: "open" } },
        },
      },
      output: { valid: true, value: { id: 1, status: "open" }, errors: [] },
    },
    {
      title: "A report about one that does not",
      with: { value: "x", schema: { type: "number" }, onInvalid: "report" },
      output: {
        valid: false,
        value: "x",
        errors: [{ pointer: "", message: "must be number" }],
      },
    },
  ],
  run({ value, schema, onInvalid }) {
    const result = validatorOf(schema)(value);
    const valid = result.errors.length === 0;
    if (!valid && onInvalid === "fail") throw invalid(result.errors);
    return { valid, value: result.value, errors: result.errors.map((fault) => ({ ...fault })) };
  },
});

/** A constant schema is the same object every time, and compiling takes longer than validating. */
const compiled = new WeakMap<JsonObject, Validator>();

function validatorOf(schema: boolean | JsonObject): Validator {
  const known = typeof schema === "boolean" ? undefined : compiled.get(schema);
  if (known !== undefined) return known;
  try {
    const validator = compileSchema(schema);
    if (typeof schema !== "boolean") compiled.set(schema, validator);
    return validator;
  } catch (error) {
    throw noSchema(error);
  }
}

function noSchema(cause: unknown): NodeError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new NodeError("config_invalid", `schema: ${message}`, {
    details: { field: "schema" },
    cause,
  });
}

function invalid(errors: readonly SchemaFault[]): NodeError {
  const shown = errors
    .slice(0, FAULTS_SHOWN)
    .map(({ pointer, message }) => `${pointer === "" ? "the value" : pointer} ${message}`);
  const more = errors.length > FAULTS_SHOWN ? ` (and ${errors.length - FAULTS_SHOWN} more)` : "";
  return new NodeError("validation_failed", `${shown.join("; ")}${more}.`, { details: { errors } });
}
