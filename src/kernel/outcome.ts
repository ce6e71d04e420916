/**
 * How a step ends: success, and the three fates of a failure (another attempt, handled, or not).
 * The only place that emits step.succeeded, step.failed and step.retry_scheduled.
 */
import { matchesCode, type StepError } from "#errors/step-error.ts";
import { ERROR_PORT } from "#workflow/control-steps.ts";
import { ExpressionError } from "#workflow/expression/expression.ts";
import type { PlanRetry } from "#workflow/plan.ts";
import type { EventOf } from "./events.ts";
import { LostValueError, readScope } from "./read-scope.ts";
import type { StepInstance } from "./state.ts";
import { deadlineOf } from "./time-limits.ts";
import { emit, type Turn } from "./turn.ts";
import type { ValueRef } from "./value-ref.ts";

export function succeed(
  turn: Turn,
  instance: StepInstance,
  result: {
    readonly output?: unknown;
    readonly outputRef?: ValueRef;
    readonly port?: string | null;
  },
): void {
  const { outputRef, port } = result;
  const output = result.output ?? undefined;
  if (outputRef === undefined && (port === undefined || port === null))
    return emit(turn, plainSuccess(instance, output));
  emit(turn, {
    type: "step.succeeded",
    path: instance.path,
    ...(instance.status === "running" ? { attempt: instance.attempt } : {}),
    ...(outputRef !== undefined ? { outputRef } : output !== undefined ? { output } : {}),
    ...(port !== undefined && port !== null ? { port } : {}),
  });
}

/** Nearly every success; the spreads above cost ten times as much as these. */
function plainSuccess(
  { path, status, attempt }: StepInstance,
  output: unknown,
): EventOf<"step.succeeded"> {
  if (status === "running")
    return output === undefined
      ? { type: "step.succeeded", path, attempt }
      : { type: "step.succeeded", path, attempt, output };
  return output === undefined
    ? { type: "step.succeeded", path }
    : { type: "step.succeeded", path, output };
}

/**
 * Fails the step, or schedules another attempt where its policy allows one. False: a fallback
 * value must be loaded first (nothing was emitted).
 */
export function fail(
  turn: Turn,
  instance: StepInstance,
  error: StepError,
  options: { readonly mayRetry?: boolean; readonly ends?: boolean } = {},
): boolean {
  const retry = instance.step.retry;
  if (options.mayRetry !== false && retry !== null && mayRetry(instance, retry, error)) {
    emit(turn, {
      type: "step.retry_scheduled",
      path: instance.path,
      attempt: instance.attempt + 1,
      dueAtMs: turn.world.nowMs + retryDelayMs(turn, instance, retry, error),
      error,
      ...(instance.live?.deadlineAtMs === null ? deadlineOf(instance) : {}),
    });
    return true;
  }
  const handled = handlerOf(turn, instance);
  if (handled === null) return false;
  emit(turn, {
    type: "step.failed",
    path: instance.path,
    ...(instance.status === "running" ? { attempt: instance.attempt } : {}),
    error: handled.error ?? error,
    ...(handled.by === null ? {} : { handled: handled.by }),
    ...(handled.output === undefined ? {} : { output: handled.output }),
    ...(options.ends === true && handled.by === null ? { ends: true } : {}),
  });
  return true;
}

/** Whether fail() could decide now; false: a fallback's values must be loaded first (see turn.needs). */
export function canFail(turn: Turn, instance: StepInstance): boolean {
  return handlerOf(turn, instance) !== null;
}

interface Handled {
  readonly by: "onError" | "port" | null;
  readonly output?: unknown;
  /** The fallback itself failed. */
  readonly error?: StepError;
}

function handlerOf(turn: Turn, instance: StepInstance): Handled | null {
  const { step } = instance;
  if (step.portsUsed.has(ERROR_PORT)) return { by: "port" };
  if (step.onError === null) return { by: null };
  if (step.onError === "continue") return { by: "onError" };
  const { fallback } = step.onError;
  const outcome = guarded(() => {
    const names = readScope(turn, instance.scope, fallback.reads);
    return names === null
      ? null
      : { value: fallback.evaluate(names, evaluateOptions(turn, instance, "onError")) };
  });
  if (!outcome.ok) return { by: null, error: outcome.error };
  return outcome.value === null ? null : { by: "onError", output: outcome.value.value };
}

/** Failures after which another attempt would be no better, or do harm. */
const NEVER_AGAIN: ReadonlySet<string> = new Set([
  "deadline_exceeded",
  "host_lost",
  "cleanup_timeout",
  "compensation_failed",
]);

/** Attempts are counted without those that a crash took. */
export function mayRetry(instance: StepInstance, retry: PlanRetry, error: StepError): boolean {
  const live = instance.live;
  if (live === null || (live.cancelling !== null && live.cancelling.error !== error)) return false;
  if (NEVER_AGAIN.has(error.code)) return false;
  if (live.failures + 1 >= retry.attempts) return false;
  if (retry.errors !== null)
    return retry.errors.some((pattern) => matchesCode(pattern, error.code));
  return error.retryable || live.control !== null;
}

/** The pause before the attempt after `live.failures + 1` failures; a longer Retry-After of the other side wins. */
function retryDelayMs(
  turn: Turn,
  instance: StepInstance,
  retry: PlanRetry,
  error: StepError,
): number {
  const failures = instance.live?.failures ?? 0;
  const delayMs = Math.min(retry.maxMs, plainDelayMs(retry, failures));
  const jittered = retry.jitter === "full" ? delayMs * turn.world.random() : delayMs;
  return Math.round(Math.max(jittered, retryAfterMs(error)));
}

function plainDelayMs(retry: PlanRetry, failures: number): number {
  // Nothing times infinity is no number, and a retry without an instant would never come.
  if (retry.initialMs === 0) return 0;
  switch (retry.backoff) {
    case "constant":
      return retry.initialMs;
    case "linear":
      return retry.initialMs * (failures + 1);
    case "exponential":
      return retry.initialMs * retry.factor ** failures;
  }
}

/** `details.retryAfterMs` of the error, at most a day; 0 without one. */
function retryAfterMs(error: StepError): number {
  const details = error.details as { readonly retryAfterMs?: unknown } | null | undefined;
  const wanted = details?.retryAfterMs;
  return typeof wanted === "number" && wanted > 0 ? Math.min(wanted, 86_400_000) : 0;
}

/**
 * What every evaluation for this step gets: the seed that makes uuid() deterministic. `what` names
 * the expression (`if`, `with`, `condition@3`), so that two of one step give different ids.
 */
export function evaluateOptions(
  turn: Turn,
  instance: StepInstance,
  what: string,
): { readonly seed: string } {
  return { seed: `${turn.state.runId}/${instance.path}/${what}` };
}

export type Guarded<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: StepError };

/** Runs what evaluates a user's expressions; their faults become step errors, ours stay faults. */
export function guarded<Value>(think: () => Value): Guarded<Value> {
  try {
    return { ok: true, value: think() };
  } catch (fault) {
    return { ok: false, error: stepErrorOf(fault) };
  }
}

function stepErrorOf(fault: unknown): StepError {
  if (fault instanceof ExpressionError)
    return {
      code: fault.limit === null ? "expression_failed" : "limit_exceeded",
      message: fault.message,
      retryable: false,
    };
  if (fault instanceof LostValueError)
    return { code: "blob_missing", message: fault.message, retryable: false };
  throw fault;
}
