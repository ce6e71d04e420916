/**
 * The type of a graph's node that does not say it, from the fields of its `data`: the one type that
 * has fields of those names. Where several could be meant nothing is guessed.
 */

/** Fields that only one type has. */
const OWN_FIELDS: readonly (readonly [field: string, type: string])[] = [
  ["value", "number"],
  ["text_op", "text_operation"],
  ["text", "text_input"],
  ["boolean_value", "boolean_input"],
  ["date_value", "date_input"],
  ["datetime_value", "datetime_input"],
  ["op", "operation"],
  ["url", "http"],
  ["mode", "visualization"],
  ["cases", "switch"],
  ["var_name", "variable"],
  ["transform_type", "transform"],
  ["accum_op", "accumulator"],
  ["counter_op", "counter"],
  ["cache_op", "cache"],
  ["input_type", "parse"],
  ["output_type", "format"],
  ["schema", "schema_validator"],
  ["join_strategy", "join"],
  ["paths", "split"],
  ["duration", "delay"],
  ["max_attempts", "retry"],
  ["backoff_strategy", "retry"],
  ["fallback_value", "try_catch"],
  ["continue_on_error", "try_catch"],
  ["timeout", "timeout"],
  ["max_requests", "rate_limiter"],
  ["requests_per_second", "throttle"],
  ["pagination_strategy", "paginator"],
  ["max_concurrency", "parallel"],
  ["aggregate", "group_by"],
  ["return_index", "find"],
  ["size", "chunk"],
  ["remove_empty", "compact"],
  ["arrays", "zip"],
  ["fill_missing", "zip"],
  ["method", "sample"],
  ["order", "sort"],
  ["fields", "extract"],
];

/** Types whose fields the data of another type may have, too: `url` of a paginator, `timeout` of a join. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  http: ["number", "timeout", "sample"],
  paginator: ["http", "timeout"],
  parallel: ["timeout"],
  join: ["timeout"],
  counter: ["number"],
  accumulator: ["number"],
  variable: ["number"],
  cache: ["number"],
  try_catch: ["number"],
  parse: ["text_input"],
  format: ["text_input"],
  text_operation: ["text_input"],
};

/** Fields that several types have, and which. */
const SHARED_FIELDS: readonly (readonly [field: string, types: readonly string[]])[] = [
  ["context_values", ["context_variable", "context_constant"]],
  ["condition", ["condition", "filter", "find", "partition"]],
  ["expression", ["expression", "map"]],
  ["field", ["extract", "map", "sort", "unique", "flat_map"]],
  ["count", ["sample"]],
  ["max_iterations", ["for_each"]],
];

/** The type, or those that it could be. `hasInput`: an edge leads to the node. */
export function inferNodeType(
  data: Readonly<Record<string, unknown>>,
  hasInput: boolean,
): { readonly type: string } | { readonly candidates: readonly string[] } {
  const has = (field: string): boolean => data[field] !== undefined;
  if (has("condition") && has("max_iterations")) return { type: "while_loop" };
  if (has("expression") && has("initial_value")) return { type: "reduce" };
  if (has("end") && has("start")) {
    if (has("step")) return { type: "range" };
    return { type: hasInput ? "slice" : "range" };
  }
  if (has("length")) return { type: "slice" };
  const own = ownTypes(data);
  const [only, ...others] = own;
  if (only !== undefined) return others.length === 0 ? { type: only } : { candidates: own };
  const shared = SHARED_FIELDS.find(([field]) => has(field));
  if (shared === undefined) return { candidates: [] };
  const [first, ...further] = shared[1];
  return first !== undefined && further.length === 0 ? { type: first } : { candidates: shared[1] };
}

/** The types whose own fields `data` has, without those that could be a part of another one's data. */
function ownTypes(data: Readonly<Record<string, unknown>>): readonly string[] {
  const types = [
    ...new Set(OWN_FIELDS.filter(([field]) => data[field] !== undefined).map(([, type]) => type)),
  ];
  const partOf = new Set(types.flatMap((type) => PARTS[type] ?? []));
  return types.filter((type) => !partOf.has(type));
}
