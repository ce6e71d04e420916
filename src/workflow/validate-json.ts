/**
 * JSON Schema 2020-12 for data: compiled once, applied many times, defaults filled in. `pattern`
 * runs on RE2 and `uniqueItems` on a table (linear time), so that no schema and no value can stall
 * the host; each schema is compiled apart, so that none can change what another means.
 */
import {
  Ajv2020,
  type AnySchema,
  type ErrorObject,
  type FuncKeywordDefinition,
  type Options,
  type ValidateFunction,
} from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import { RE2JS } from "re2js";
import { canonicalJson } from "./canonical-json.ts";
import { isMultipleOf } from "./decimal-multiple.ts";
import type { Json } from "./json.ts";

export interface SchemaFault {
  /** RFC 6901, from the value's root. */
  readonly pointer: string;
  readonly message: string;
}

export interface Validation {
  /** A copy of the value with defaults applied; the value itself where it is no object or array. */
  readonly value: unknown;
  /** Empty: the value fits. */
  readonly errors: readonly SchemaFault[];
}

export type Validator = (value: unknown) => Validation;

/** Faults kept of one validation. */
const ERRORS_MAX = 20;

// The package is CommonJS: depending on the loader its default export is the function or holds it.
const addFormats = ("default" in addFormatsModule
  ? addFormatsModule.default
  : addFormatsModule) as unknown as (ajv: Ajv2020) => void;

/** `pattern` on RE2; ajv asks for an object that looks like RegExp and names its constructor. */
const linearRegExp = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    return {
      test: (text: string) => compiled.test(text),
      // ajv keeps patterns by their text: without one all patterns would be the first.
      toString: () => `/${pattern}/`,
    };
  },
  { code: "linearRegExp" },
);

const OPTIONS: Options = {
  strict: false,
  allErrors: true,
  useDefaults: true,
  logger: false,
  code: { regExp: linearRegExp as never },
};

/** Knows the meta-schema, whose compilation takes longer than most schemas'; never adds one. Made on first use. */
let metaAjv: Ajv2020 | null = null;

function newMetaAjv(): Ajv2020 {
  const ajv = new Ajv2020(OPTIONS);
  addFormats(ajv);
  return ajv;
}

/** A schema's own instance: what it names by `$id` meets no other schema, and not the meta-schema. */
function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({ ...OPTIONS, meta: false, validateSchema: false });
  addFormats(ajv);
  return ajv
    .removeKeyword("uniqueItems")
    .addKeyword(uniqueItems)
    .removeKeyword("multipleOf")
    .addKeyword(multipleOf);
}

/** ajv divides the doubles, and finds that 19.99 is no multiple of 0.01. */
const multipleOf: FuncKeywordDefinition = {
  keyword: "multipleOf",
  type: "number",
  schemaType: "number",
  compile: (divisor: number) => {
    const test: KeywordTest<number> = (value) => {
      if (isMultipleOf(value, divisor)) return true;
      const message = `must be multiple of ${divisor}`;
      test.errors = [{ keyword: "multipleOf", message, params: { multipleOf: divisor } }];
      return false;
    };
    return test;
  },
};

interface KeywordTest<Value> {
  (value: Value): boolean;
  errors?: Partial<ErrorObject>[];
}

/** ajv compares each item with each other one: 100,000 objects would stall the host for minutes. */
const uniqueItems: FuncKeywordDefinition = {
  keyword: "uniqueItems",
  type: "array",
  schemaType: "boolean",
  compile: (isAsked: boolean) => {
    const test: KeywordTest<readonly unknown[]> = (items) => {
      if (!isAsked) return true;
      const places = new Map<string, number>();
      for (const [index, item] of items.entries()) {
        const text = canonicalJson(item as Json);
        const first = places.get(text);
        if (first !== undefined) {
          const message = `must NOT have duplicate items (items ${first} and ${index} are identical)`;
          test.errors = [{ keyword: "uniqueItems", message, params: { i: index, j: first } }];
          return false;
        }
        places.set(text, index);
      }
      return true;
    };
    return test;
  },
};

/** The validator of a schema. Throws an Error whose message says why the schema is none. */
export function compileSchema(schema: unknown): Validator {
  if (typeof schema !== "boolean" && (typeof schema !== "object" || schema === null))
    throw new Error("a JSON Schema is an object or a boolean");
  metaAjv ??= newMetaAjv();
  if (metaAjv.validateSchema(schema as AnySchema) !== true)
    throw new Error(`schema is invalid: ${metaAjv.errorsText()}`);
  const validate = newAjv().compile(schema as AnySchema);
  // Its answer would be a promise, which is always true, and ends the process when it rejects.
  if ("$async" in validate) throw new Error("$async is not part of JSON Schema");
  return (value) => check(validate, value);
}

/** Why `schema` is no JSON Schema, or null. */
export function schemaFault(schema: unknown): string | null {
  try {
    compileSchema(schema);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function check(validate: ValidateFunction, value: unknown): Validation {
  const copy = typeof value === "object" && value !== null ? structuredCopy(value) : value;
  if (fits(validate, copy)) return { value: copy, errors: [] };
  return { value: copy, errors: (validate.errors ?? []).slice(0, ERRORS_MAX).map(faultOf) };
}

/** A schema that leads back to itself on the same value (`$ref: "#"`) fits nothing. */
function fits(validate: ValidateFunction, value: unknown): boolean {
  try {
    return validate(value) as boolean;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = "cannot be checked: the schema refers to itself without end";
    validate.errors = [{ keyword: "$ref", instancePath: "", schemaPath: "#", params: {}, message }];
    return false;
  }
}

/** JSON only, so that no host API is needed. */
function structuredCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCopy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, structuredCopy(field)]),
  );
}

function faultOf(error: ErrorObject): SchemaFault {
  const parameters = error.params as Record<string, unknown>;
  const named = parameters["additionalProperty"] ?? parameters["unevaluatedProperty"];
  const allowed = parameters["allowedValues"];
  let message = error.message ?? "does not fit the schema";
  if (named !== undefined) message = `has a property \`${named}\` that the schema does not know`;
  if (Array.isArray(allowed))
    message += `: ${allowed.map((one) => JSON.stringify(one)).join(", ")}`;
  return { pointer: error.instancePath, message };
}
