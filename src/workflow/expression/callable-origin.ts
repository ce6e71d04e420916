/**
 * Where a callable came from. A function cannot be journaled or sent to a thread; its source with
 * the values that it sees can, and gives the same function again.
 */
import type { Scope } from "./expression.ts";

export interface CallableOrigin {
  readonly source: string;
  /** The outside names that it reads. */
  readonly scope: Scope;
  readonly seed: string | null;
}

const ORIGIN = Symbol("origin of a callable");

type WithOrigin = { [ORIGIN]?: CallableOrigin };

/** `callable` itself, which originOf() knows from now on. */
export function withOrigin<Callable extends (...args: never[]) => unknown>(
  callable: Callable,
  origin: CallableOrigin,
): Callable {
  (callable as WithOrigin)[ORIGIN] = origin;
  return callable;
}

/** null: a function of the host, not of an expression. */
export function originOf(callable: unknown): CallableOrigin | null {
  return typeof callable === "function" ? ((callable as WithOrigin)[ORIGIN] ?? null) : null;
}
