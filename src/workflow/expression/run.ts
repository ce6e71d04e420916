/**
 * Starting and ending an evaluation: sets the machine up, turns the host's own complaints into
 * ExpressionErrors and puts the machine back as it was, whatever happened.
 */
import { type Callback, type Code, type Constant, ROOT_FRAME } from "./compiler.ts";
import {
  type EvaluateOptions,
  ExpressionError,
  type ExpressionLimits,
  type Scope,
} from "./expression.ts";
import { charge, DEFAULT_LIMITS, limitError, machine } from "./machine.ts";
import { toResult } from "./result.ts";
import { typeError } from "./value.ts";

/** One compiled expression as the machine runs it. `nodes` is charged at once, `plain` says that the value is the scope's own. */
export interface Compiled {
  readonly code: Code;
  readonly nodes: number;
  readonly plain: boolean;
  /** Its value, where that is known before any run; its fuel is all that one evaluation charges. */
  readonly constant: Constant | null;
}

/** Runs `compiled` and gives its value as plain JSON. */
export function runToResult(
  compiled: Compiled,
  scope: Scope,
  options: EvaluateOptions | undefined,
): unknown {
  return withMachine(scope, options, () => resultOf(compiled));
}

/** Runs `compiled` and gives its value as JavaScript's truth. */
export function runToTruth(
  compiled: Compiled,
  scope: Scope,
  options: EvaluateOptions | undefined,
): boolean {
  return withMachine(scope, options, () => Boolean(rawValue(compiled)));
}

/** Runs `compiled`, which must yield a function; all calls of what is returned share one fuel. */
export function runToCallable(
  compiled: Compiled,
  scope: Scope,
  options: EvaluateOptions | undefined,
): Callback {
  let fuel = 0;
  let uuids = 0;
  const callback = withMachine(scope, options, () => {
    const value = rawValue(compiled);
    if (typeof value !== "function")
      throw typeError("this field takes a function, for example (x) => x.name");
    fuel = machine.fuel;
    return value as Callback;
  });
  return (...args) =>
    withMachine(scope, options, () => {
      machine.fuel = fuel;
      machine.uuids = uuids;
      try {
        return toResult(callback(...args));
      } finally {
        fuel = machine.fuel;
        uuids = machine.uuids;
      }
    });
}

/** The value of `compiled` in the evaluation that runs now as plain JSON. */
export function resultOf(compiled: Compiled): unknown {
  const value = rawValue(compiled);
  if (compiled.plain && typeof value === "object") return value;
  return toResult(value);
}

/** The value of `compiled` in the evaluation that runs now. */
export function rawValue(compiled: Compiled): unknown {
  charge(compiled.nodes);
  return compiled.code(ROOT_FRAME);
}

/** Runs `body` as one evaluation. */
export function withMachine<Result>(
  scope: Scope,
  options: EvaluateOptions | undefined,
  body: () => Result,
): Result {
  const { scope: outerScope, fuel, depth, limits, seed, uuids } = machine;
  machine.scope = scope;
  machine.limits = options?.limits === undefined ? DEFAULT_LIMITS : completeLimits(options.limits);
  machine.seed = options?.seed ?? null;
  machine.fuel = machine.limits.fuel;
  machine.depth = 0;
  machine.uuids = 0;
  try {
    return body();
  } catch (error) {
    throw asExpressionError(error);
  } finally {
    machine.scope = outerScope;
    machine.fuel = fuel;
    machine.depth = depth;
    machine.limits = limits;
    machine.seed = seed;
    machine.uuids = uuids;
  }
}

function completeLimits(limits: Partial<ExpressionLimits>): ExpressionLimits {
  return { ...DEFAULT_LIMITS, ...limits };
}

/** The host's RangeErrors are its own limits (stack, sizes); anything else unknown is a bug and passes. */
function asExpressionError(error: unknown): unknown {
  if (error instanceof ExpressionError) return error;
  if (error instanceof RangeError) {
    if (/call stack/i.test(error.message)) return limitError("depthMax");
    if (/invalid (?:string|array) length/i.test(error.message)) {
      return limitError(/string/i.test(error.message) ? "stringLengthMax" : "arrayLengthMax");
    }
    return new ExpressionError("value", error.message);
  }
  return error;
}
