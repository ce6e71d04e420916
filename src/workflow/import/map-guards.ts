/**
 * Graph nodes that change how others run: `retry`, `try_catch` and `timeout` become policies of the
 * node that they follow, `rate_limiter` and `throttle` those of the calls behind them. Their own
 * steps hand the value on and say what became of it.
 */
import { z } from "zod";
import type { Step } from "../definition.ts";
import { type GraphNodeRow, graphNode } from "./graph-node-row.ts";
import { literal, spanMs, stepRef, wrapped } from "./graph-source.ts";
import { setTo } from "./map-values.ts";

const Span = z.union([z.string(), z.number()]);

/** What messages of that format are searched for, as codes of errors. */
const RETRIED: readonly (readonly [pattern: RegExp, code: string])[] = [
  [/time.?out|deadline/i, "timeout"],
  [/connection|network|refused|reset|econn/i, "connection_failed"],
  [/rate.?limit|too many/i, "http.429"],
];

function retriedCode(text: string): string | null {
  const status = /(?:^|\D)([45])(\d\d|xx)(?:\D|$)/i.exec(text);
  if (status !== null) return `http.${status[1]}${status[2]?.toLowerCase()}`;
  return RETRIED.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

const retry = graphNode({
  data: z.looseObject({
    max_attempts: z.int().min(1).max(1000).optional(),
    backoff_strategy: z.enum(["constant", "linear", "exponential"]).optional(),
    initial_delay: Span.optional(),
    max_delay: Span.optional(),
    multiplier: z.number().min(1).max(100).optional(),
    retry_on_errors: z.array(z.string()).optional(),
  }),
  inputsMin: 1,
  valueField: "value",
  handsOn: "value",
  guard(data, guarded, { fault }): Step {
    const span = (field: "initial_delay" | "max_delay", fallback: string): number => {
      const ms = spanMs(data[field] ?? fallback);
      if (ms === null) fault(field, `${JSON.stringify(data[field])} is no duration.`);
      return ms ?? 0;
    };
    const errors = data.retry_on_errors?.flatMap((text) => {
      const code = retriedCode(text);
      if (code === null)
        fault(
          "retry_on_errors",
          `${JSON.stringify(text)} names no kind of error.`,
          "Name a timeout, a connection, a rate limit, or a status such as 503 or 5xx.",
        );
      return code ?? [];
    });
    return {
      ...guarded,
      retry: {
        attempts: data.max_attempts ?? 3,
        backoff: data.backoff_strategy ?? "exponential",
        initial: span("initial_delay", "1s"),
        max: span("max_delay", "30s"),
        factor: data.multiplier ?? 2,
        jitter: "none",
        ...(errors === undefined || errors.length === 0 ? {} : { errors }),
      },
    };
  },
  map: ({ first, inputs }) =>
    setTo({
      value: wrapped(first),
      attempts: wrapped(`${stepRef(inputs[0]?.from ?? "")}.attempts`),
      success: true,
    }),
});

const tryCatch = graphNode({
  data: z.looseObject({
    fallback_value: z.unknown().optional(),
    continue_on_error: z.boolean().optional(),
  }),
  inputsMin: 1,
  valueField: "value",
  handsOn: "value",
  guard: (data, guarded): Step =>
    data.continue_on_error === false && data.fallback_value === undefined
      ? guarded
      : { ...guarded, onError: { fallback: literal(data.fallback_value ?? null) as never } },
  map({ first, inputs }) {
    const guarded = stepRef(inputs[0]?.from ?? "");
    return setTo({
      value: wrapped(first),
      success: wrapped(`${guarded}.status == "succeeded"`),
      error: wrapped(`${guarded}?.error ?? null`),
    });
  },
});

const TIMED_OUT = "timed_out";

const timeout = graphNode({
  data: z.looseObject({
    timeout: Span.optional(),
    timeout_action: z.enum(["error", "continue_with_partial"]).optional(),
  }),
  inputsMin: 1,
  valueField: "value",
  handsOn: "value",
  guard(data, guarded, { fault, inner }): Step {
    const limit = spanMs(data.timeout ?? "30s");
    if (limit === null || limit === 0)
      fault("timeout", `${JSON.stringify(data.timeout)} is no duration.`, "Write 30s or 5m.");
    const limited = { ...guarded, timeout: limit ?? 1 };
    if (data.timeout_action !== "continue_with_partial") return limited;
    const { id, needs, triggerRule, ...step } = limited;
    return {
      id,
      ...(needs === undefined ? {} : { needs }),
      ...(triggerRule === undefined ? {} : { triggerRule }),
      uses: "try",
      steps: [{ id: inner("limited"), ...step }],
      catch: [{ errors: ["timeout"], output: { [TIMED_OUT]: true } }],
    };
  },
  map({ data, first }) {
    const isPartial = data.timeout_action === "continue_with_partial";
    return setTo({
      value: wrapped(isPartial ? `${first}?.${TIMED_OUT} == true ? null : ${first}` : first),
      timeout_duration: literal(data.timeout ?? "30s"),
      timed_out: isPartial ? wrapped(`${first}?.${TIMED_OUT} == true`) : false,
    });
  },
});

/** A node that hands its input on and limits the step behind it. */
const LIMITS_NEXT = {
  inputsMin: 0,
  valueField: "value",
  handsOn: "value",
  limits: "next",
} as const;

function rateLimit(key: string, limit: number, per: number) {
  return { rateLimit: { key: JSON.stringify(key), limit, per } };
}

const rateLimiter = graphNode({
  data: z.looseObject({ max_requests: z.int().min(1), per_duration: Span }),
  ...LIMITS_NEXT,
  limit: (data, key) => rateLimit(key, data.max_requests, spanMs(data.per_duration) ?? 1),
  map({ data, first, fault }) {
    if ((spanMs(data.per_duration) ?? 0) === 0)
      fault(
        "per_duration",
        `${JSON.stringify(data.per_duration)} is no duration.`,
        "Write 1s or 1m.",
      );
    return setTo({
      value: wrapped(first),
      max_requests: data.max_requests,
      window: literal(data.per_duration),
      rate_limited: true,
    });
  },
});

const throttle = graphNode({
  data: z.looseObject({ requests_per_second: z.number().positive().max(1000) }),
  ...LIMITS_NEXT,
  limit: (data, key) => rateLimit(key, 1, Math.max(1, Math.round(1000 / data.requests_per_second))),
  map: ({ data, first }) =>
    setTo({
      value: wrapped(first),
      requests_per_second: data.requests_per_second,
      throttled: true,
    }),
});

export const GUARD_NODES: { readonly [type: string]: GraphNodeRow } = {
  retry,
  try_catch: tryCatch,
  timeout,
  rate_limiter: rateLimiter,
  throttle,
};
