/**
 * The type of a graph's node that does not say it, from the fields of its `data`: the one type that
 * has a field of that name. Where several could be meant nothing is guessed.
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
  const own = OWN_FIELDS.find(([field]) => has(field));
  if (own !== undefined) return { type: own[1] };
  const shared = SHARED_FIELDS.find(([field]) => has(field));
  if (shared === undefined) return { candidates: [] };
  const [only, ...others] = shared[1];
  return only !== undefined && others.length === 0 ? { type: only } : { candidates: shared[1] };
}
