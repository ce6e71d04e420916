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

const shown: GraphNodeRow = graphNode({
  data: z.looseObject({ mode: z.string().optional() }),
  inputsMin: 0,
  handsOn: "",
  map: ({ first, inputs }) => ({
    uses: "noop",
    with: { value: inputs.length === 0 ? null : wrapped(first) },
  }),
});

const OPERATIONS = {
  add: "add",
  subtract: "subtract",
  multiply: "multiply",
  divide: "divide",
} as const;

const SIGNS = { add: "+", subtract: "-", multiply: "*", divide: "/" } as const;

const operation = graphNode({
  data: z.looseObject({ op: z.enum(Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[]) }),
  inputsMin: 2,
  isPlain: true,
  map({ data, all, nodes }) {
    const numbers = all("scalar");
    if (nodes.get("number.operation") !== undefined) return numberOperation(data.op, numbers);
    if (data.op === "add") return setTo(wrapped(`sum(${numbers})`));
    return setTo(
      wrapped(`${numbers}.map((n) => sum([n])).reduce((a, b) => a ${SIGNS[data.op]} b)`),
    );
  },
});

function numberOperation(op: keyof typeof OPERATIONS, numbers: string): MappedStep {
  return {
    uses: "number.operation",
    with: { operation: OPERATIONS[op], values: wrapped(numbers) },
  };
}

/** Each takes the source of a text. */
const TEXT_OPERATIONS: { readonly [op: string]: (text: string) => string } = {
  uppercase: (text) => `${text}.toUpperCase()`,
  lowercase: (text) => `${text}.toLowerCase()`,
  titlecase: (text) => `${text}.split(" ").map((w) => capitalize(w)).join(" ")`,
  camelcase: (text) =>
    `words(${text}).map((w, i) => i == 0 ? w.toLowerCase() : capitalize(w.toLowerCase())).join("")`,
  inversecase: (text) =>
    `Array.from(${text}.padEnd(0)).map((c) => c == c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()).join("")`,
};

const textOperation = graphNode({
  data: z.looseObject({
    text_op: z.enum([...Object.keys(TEXT_OPERATIONS), "concat", "repeat"]),
    separator: z.string().optional(),
    repeat_n: z.int().min(0, "must not be negative").optional(),
  }),
  inputsMin: 1,
  isPlain: true,
  map({ data, inputs, all, fault }) {
    const text = inputs.length === 1 ? (inputs[0]?.scalar ?? "null") : `${all("scalar")}[0]`;
    const separator = JSON.stringify(data.separator ?? "");
    switch (data.text_op) {
      case "concat":
        // padEnd: only texts have it, and it leaves them as they are.
        return setTo(wrapped(`${all("scalar")}.map((t) => t.padEnd(0)).join(${separator})`));
      case "repeat":
        if (data.repeat_n === undefined)
          fault("repeat_n", "`repeat` needs `repeat_n`, the number of times.");
        return setTo(wrapped(`${text}.repeat(${data.repeat_n ?? 0})`));
      default:
        return setTo(wrapped(TEXT_OPERATIONS[data.text_op]?.(text) ?? text));
    }
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
  keys: ({ first }) => setTo(wrapped(`Object.keys(${first})`)),
  values: ({ first }) => setTo(wrapped(`Object.values(${first})`)),
};

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
