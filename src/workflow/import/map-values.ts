/** Graph nodes that give or compute a plain value, take values apart, and show them. */
import { z } from "zod";
import {
  type GraphMapping,
  type GraphNodeRow,
  graphNode,
  type MappedStep,
} from "./graph-node-row.ts";
import { fieldOf, literal, wrapped } from "./graph-source.ts";

export function setTo(value: unknown): MappedStep {
  return { uses: "data.set", with: { value } };
}

/** A node that is its own value. */
function constant(field: string, schema: z.ZodType): GraphNodeRow {
  return graphNode({
    data: z.looseObject({ [field]: schema }),
    inputsMin: 0,
    isPlain: true,
    map: ({ data }) => setTo(literal(data[field])),
  });
}

const MODES = new Set(["table", "chart", "json", "text", "image"]);

/** Hands its input on, and shows it with the run as far as it can be shown so. */
const shown: GraphNodeRow = graphNode({
  data: z.looseObject({ mode: z.string().optional() }),
  inputsMin: 0,
  handsOn: "",
  map(mapping) {
    const { first, inputs, data } = mapping;
    const as = MODES.has(data.mode ?? "") ? data.mode : "json";
    if (inputs.length === 0) return setTo(null);
    return {
      uses: "try",
      steps: [
        {
          id: mapping.inner("view"),
          uses: "view.output",
          onError: "continue",
          with: { value: wrapped(first), as },
        },
      ],
      output: wrapped(first),
    };
  },
});

const operation = graphNode({
  data: z.looseObject({ op: z.enum(["add", "subtract", "multiply", "divide"]) }),
  inputsMin: 2,
  isPlain: true,
  map: ({ data, all }) => ({
    uses: "number.operation",
    with: { operation: data.op, numbers: wrapped(all("scalar")) },
  }),
});

const TEXT_OPERATIONS = {
  uppercase: "upper",
  lowercase: "lower",
  titlecase: "title",
  camelcase: "camel",
  inversecase: "inverse",
  concat: "concat",
  repeat: "repeat",
} as const;

const textOperation = graphNode({
  data: z.looseObject({
    text_op: z.enum(Object.keys(TEXT_OPERATIONS) as (keyof typeof TEXT_OPERATIONS)[]),
    separator: z.string().optional(),
    repeat_n: z.int().min(0, "must not be negative").optional(),
  }),
  inputsMin: 1,
  isPlain: true,
  map({ data, inputs, all, fault }) {
    const operation = TEXT_OPERATIONS[data.text_op];
    const separator = data.separator === undefined ? {} : { separator: literal(data.separator) };
    if (operation === "repeat" && data.repeat_n === undefined)
      fault("repeat_n", "`repeat` needs `repeat_n`, the number of times.");
    const text = inputs.length === 1 ? (inputs[0]?.scalar ?? "null") : `${all("scalar")}[0]`;
    const more = {
      ...(operation === "concat" ? { texts: wrapped(`${all("scalar")}.slice(1)`) } : {}),
      ...(operation === "repeat" ? { times: data.repeat_n ?? 0 } : {}),
      ...(operation === "concat" || operation === "repeat" ? separator : {}),
    };
    return { uses: "text.operation", with: { operation, text: wrapped(text), ...more } };
  },
});

const expression = graphNode({
  data: z.looseObject({ expression: z.string() }),
  inputsMin: 1,
  map(mapping) {
    if (mapping.data.expression.trim() === "")
      return setTo({ result: wrapped(mapping.first), warning: "no expression specified" });
    return setTo(wrapped(mapping.expression("expression", "value")));
  },
});

const extract = graphNode({
  data: z.looseObject({ field: z.string().optional(), fields: z.array(z.string()).optional() }),
  inputsMin: 1,
  valueField: "value",
  map({ data, first, fault }) {
    if (data.field !== undefined)
      return setTo({ field: literal(data.field), value: wrapped(fieldOf(first, data.field)) });
    if (data.fields === undefined || data.fields.length === 0)
      fault("field", "It needs `field`, or `fields` with names.");
    return {
      uses: "data.extract",
      with: {
        value: wrapped(first),
        fields: (data.fields ?? []).map((name) => [name]),
        missing: "omit",
      },
    };
  },
});

/** What is taken from a value whose fields, items or pairs are asked for. */
const TRANSFORMS: { readonly [type: string]: (mapping: GraphMapping<unknown>) => MappedStep } = {
  to_array: ({ all }) => setTo(wrapped(all("source"))),
  to_object: ({ list }) =>
    setTo(
      wrapped(
        `Object.fromEntries(${list}.every((pair) => Array.isArray(pair)) ? ${list} : chunk(${list}, 2))`,
      ),
    ),
  flatten: ({ list }) => ({ uses: "data.flatten", with: { items: wrapped(list), depth: "all" } }),
  keys: ({ first }) => transformed(first, "keys"),
  values: ({ first }) => transformed(first, "values"),
};

function transformed(value: string, operation: string): MappedStep {
  return { uses: "data.transform", with: { value: wrapped(value), operation } };
}

const transform = graphNode({
  data: z.looseObject({ transform_type: z.enum(Object.keys(TRANSFORMS)) }),
  inputsMin: 1,
  map: (mapping) => TRANSFORMS[mapping.data.transform_type]?.(mapping) ?? setTo(null),
});

export const VALUE_NODES: { readonly [type: string]: GraphNodeRow } = {
  number: constant("value", z.number()),
  text_input: constant("text", z.string()),
  boolean_input: constant("boolean_value", z.boolean()),
  date_input: constant("date_value", z.string()),
  datetime_input: constant("datetime_value", z.string()),
  visualization: shown,
  renderer: shown,
  operation,
  text_operation: textOperation,
  expression,
  extract,
  transform,
};
