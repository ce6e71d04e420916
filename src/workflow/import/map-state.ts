/**
 * Graph nodes that keep something while a run lasts. A run's variables are set by one node and read
 * by nodes behind it, so each read becomes a read of the step that set it: the same in every replay,
 * and independent of what else runs at that time. Counters and accumulators add up along the graph,
 * each from the one before it; where one of them stands in a loop, all of them work on a named value
 * of the run (`state.*`), each pass once.
 */
import { z } from "zod";
import {
  type GraphMapping,
  type GraphNodeRow,
  graphNode,
  type MappedStep,
} from "./graph-node-row.ts";
import { literal, spanMs, stepRef, wrapped } from "./graph-source.ts";
import { setTo } from "./map-values.ts";

const variable = graphNode({
  data: z.looseObject({ var_name: z.string().min(1), var_op: z.enum(["get", "set"]) }),
  inputsMin: 0,
  handsOn: "value",
  valueField: "value",
  map(mapping) {
    const { var_name: name, var_op: op } = mapping.data;
    if (op === "set") {
      needsInput(mapping, "set");
      return setTo({ operation: op, var_name: literal(name), value: wrapped(mapping.first) });
    }
    const value = mapping.stored("variable", name);
    if (value === null) mapping.fault("var_name", `No node before this one sets \`${name}\`.`);
    return setTo({ operation: op, var_name: literal(name), value: wrapped(value ?? "null") });
  },
});

function needsInput(mapping: GraphMapping<unknown>, what: string): void {
  if (mapping.inputs.length === 0)
    mapping.fault("", `\`${what}\` needs a value: draw an edge to the node.`);
}

const ACCUMULATIONS: {
  readonly [op: string]: { readonly initial: string; add(before: string, value: string): string };
} = {
  sum: { initial: "0", add: (before, value) => `sum([${before}, ${value}])` },
  product: { initial: "1", add: (before, value) => `sum([${before}]) * sum([${value}])` },
  concat: { initial: '""', add: (before, value) => `${before} + ${value}.padEnd(0)` },
  array: { initial: "[]", add: (before, value) => `[...${before}, ${value}]` },
  count: { initial: "0", add: (before) => `${before} + 1` },
};

const accumulator = graphNode({
  data: z.looseObject({
    accum_op: z.enum(Object.keys(ACCUMULATIONS)),
    initial_value: z.unknown().optional(),
  }),
  inputsMin: 0,
  valueField: "value",
  map(mapping) {
    const { accum_op: op, initial_value: initial } = mapping.data;
    const { initial: zero = "null", add } = ACCUMULATIONS[op] ?? {};
    if (mapping.isRepeated())
      return named(mapping, op, {
        ...(mapping.inputs.length === 0
          ? { uses: "state.variable", with: { default: initial ?? (JSON.parse(zero) as unknown) } }
          : {
              uses: "state.accumulator",
              with: {
                operation: op,
                value: wrapped(plainInput(mapping, op)),
                ...(initial === undefined ? {} : { initial }),
              },
            }),
        name: `accumulator/${op}`,
      });
    const before = mapping.before(initial === undefined ? zero : JSON.stringify(initial));
    const value = mapping.inputs.length === 0 ? before : add?.(before, plainInput(mapping, op));
    return setTo({ operation: op, value: wrapped(value ?? before) });
  },
});

/** A step on a named value of the run, with the result that graphs know. */
function named(
  mapping: GraphMapping<unknown>,
  operation: string,
  step: { readonly uses: string; readonly name: string; readonly with: object },
): MappedStep {
  const id = mapping.inner("kept");
  // No variable of a graph has a name with a slash in it.
  const config = { ...step.with, name: `graph/${step.name}` };
  return {
    uses: "try",
    steps: [{ id, uses: step.uses, with: config }],
    output: { operation, value: wrapped(`${stepRef(id)}.output.value`) },
  } as unknown as MappedStep;
}

/** Lists take results as they are; the others compute with the value in them. */
function plainInput(mapping: GraphMapping<unknown>, op: string): string {
  return op === "array" || mapping.inputs.length !== 1
    ? mapping.first
    : (mapping.inputs[0]?.scalar ?? mapping.first);
}

const counter = graphNode({
  data: z.looseObject({
    counter_op: z.enum(["increment", "decrement", "reset", "get"]),
    delta: z.number().optional(),
    initial_value: z.number().optional(),
  }),
  inputsMin: 0,
  valueField: "value",
  map(mapping) {
    const { counter_op: op, delta = 1, initial_value: initial } = mapping.data;
    if (mapping.isRepeated())
      return named(mapping, op, {
        uses: "state.counter",
        name: "counter",
        with: { operation: op, by: delta, initial: initial ?? 0 },
      });
    const before = initial === undefined ? mapping.before("0") : `${initial}`;
    const after = {
      increment: `${before} + ${bracketed(delta)}`,
      decrement: `${before} - ${bracketed(delta)}`,
      reset: `${initial ?? 0}`,
      get: before,
    }[op];
    return setTo({ operation: op, value: wrapped(after) });
  },
});

const bracketed = (number: number): string => (number < 0 ? `(${number})` : `${number}`);

const DEFAULT_TTL = "5m";

const cache = graphNode({
  data: z.looseObject({
    cache_op: z.enum(["get", "set", "delete"]),
    cache_key: z.string().min(1),
    ttl: z.union([z.string(), z.number()]).optional(),
  }),
  inputsMin: 0,
  valueField: "value",
  map(mapping) {
    const { cache_op: op, cache_key: name, ttl = DEFAULT_TTL } = mapping.data;
    const key = literal(name);
    if (op === "delete") return setTo({ operation: op, key, deleted: true });
    if (op === "set") {
      needsInput(mapping, "set");
      const kept = spanMs(ttl);
      if (kept === null)
        mapping.fault("ttl", `${JSON.stringify(ttl)} is no duration.`, "Write 30s, 5m or 1h.");
      return setTo({
        operation: op,
        key,
        value: wrapped(mapping.first),
        ttl: literal(ttl),
        expires_at: wrapped(`isoDate(addTime(run.now, ${kept ?? 0}, "milliseconds"))`),
      });
    }
    const entry = mapping.stored("cache", name);
    if (entry === null) return setTo({ operation: op, key, found: false, value: null });
    const found = `[${entry}].map((kept) => kept?.expires_at > isoDate(run.now))[0]`;
    return setTo({
      operation: op,
      key,
      found: wrapped(found),
      value: wrapped(
        `[${entry}].map((kept) => kept?.expires_at > isoDate(run.now) ? kept.value : null)[0]`,
      ),
    });
  },
});

const ContextValue = z.looseObject({
  name: z.string().min(1),
  value: z.unknown(),
  type: z.string().optional(),
});
const Context = z.looseObject({
  context_values: z.array(ContextValue).optional(),
  context_name: z.string().optional(),
  context_value: z.unknown().optional(),
});

/** The values that a context node makes known, by name; a fault where one is not of its type. */
export function contextValues(
  data: unknown,
  fault: (message: string) => void,
): Readonly<Record<string, unknown>> {
  const parsed = Context.safeParse(data);
  if (!parsed.success) return {};
  const { context_values: values = [], context_name: name, context_value: value } = parsed.data;
  const single = name === undefined ? [] : [{ name, value }];
  return Object.fromEntries(
    [...values, ...single].map((one) => [
      one.name,
      ofType(one as z.output<typeof ContextValue>, fault),
    ]),
  );
}

function ofType(
  { name, value, type }: z.output<typeof ContextValue>,
  fault: (message: string) => void,
): unknown {
  if (typeof value !== "string") return value ?? null;
  if (type === "number") {
    const number = Number(value);
    if (value.trim() === "" || !Number.isFinite(number)) fault(`\`${name}\` is no number.`);
    return number;
  }
  if (type !== "boolean") return value;
  if (value !== "true" && value !== "false") fault(`\`${name}\` is neither true nor false.`);
  return value === "true";
}

function contextNode(type: "variable" | "constant"): GraphNodeRow {
  return graphNode({
    data: Context,
    inputsMin: 0,
    isDeclaration: true,
    map(mapping): MappedStep {
      const values = contextValues(mapping.data, (message) =>
        mapping.fault("context_values", message),
      );
      if (Object.keys(values).length === 0)
        mapping.fault("context_values", "It needs `context_values` with names and values.");
      return setTo({ type, [`${type}s`]: literal(values) });
    },
  });
}

export const STATE_NODES: { readonly [type: string]: GraphNodeRow } = {
  variable,
  accumulator,
  counter,
  cache,
  context_variable: contextNode("variable"),
  context_constant: contextNode("constant"),
};
