/**
 * What one evaluation carries: the scope it reads, the fuel that is left and the limits it must keep.
 * One module-level object holds it, so that an evaluation allocates nothing of its own; whoever
 * starts an evaluation saves and restores it (run.ts), which makes evaluations re-entrant.
 *
 * Invariants:
 * M1  Everything that repeats or grows charges before it does so: a lambda call its body's nodes, a
 *     method each element it touches, a string one unit for every 16 characters made or searched.
 *     There is no other loop, so fuel bounds the work.
 * M2  A string or an array is measured before it is made.
 * M3  Lambdas nest at most `depthMax` nodes deep together, far below the host's stack.
 */
import { ExpressionError, type ExpressionLimits, type Scope } from "./expression.ts";

/** Limits of an evaluation that names none. */
export const DEFAULT_LIMITS: ExpressionLimits = {
  fuel: 1_000_000,
  stringLengthMax: 10 * 1024 * 1024,
  arrayLengthMax: 1_000_000,
  depthMax: 200,
};

interface Machine {
  scope: Scope;
  fuel: number;
  depth: number;
  limits: ExpressionLimits;
  /** Seed of `uuid()`; null where there is none. */
  seed: string | null;
  /** How many `uuid()` this evaluation made. */
  uuids: number;
}

/** The evaluation that runs now. */
export const machine: Machine = {
  scope: {},
  fuel: 0,
  depth: 0,
  limits: DEFAULT_LIMITS,
  seed: null,
  uuids: 0,
};

/** The error of a passed limit. */
export function limitError(limit: keyof ExpressionLimits): ExpressionError {
  const most = machine.limits[limit];
  const message = {
    fuel: `the expression needs more than ${most} operations`,
    stringLengthMax: `the expression makes a text longer than ${most} characters`,
    arrayLengthMax: `the expression makes a list of more than ${most} items`,
    depthMax: `the expression goes deeper than ${most} levels`,
  }[limit];
  return new ExpressionError("limit", `${message} (limit ${limit})`, limit);
}

/** Uses up `operations` of the evaluation's fuel. */
export function charge(operations: number): void {
  machine.fuel -= operations;
  if (machine.fuel < 0) throw limitError("fuel");
}

/** To be called before a string of `length` characters is made. */
export function chargeText(length: number): void {
  if (length > machine.limits.stringLengthMax) throw limitError("stringLengthMax");
  if (length > 15) charge(length >>> 4);
}

/** To be called before `text` is read from end to end: searched, compared, converted. */
export function chargeScan(text: string): void {
  if (text.length > 15) charge(text.length >>> 4);
}

/** To be called before `needle` is looked for in `text`; the host's search can take needle x text steps. */
export function chargeSearch(text: string, needle: string): void {
  const length = text.length;
  if (length > 15) charge(Math.ceil((length / 256) * (16 + Math.min(needle.length, 256))));
}

/** To be called before an array of `length` items is made; charges one operation per item. */
export function chargeItems(length: number): void {
  if (length > machine.limits.arrayLengthMax) throw limitError("arrayLengthMax");
  charge(length);
}

/** To be called before `more` items are added to an array of `have`. */
export function chargeMoreItems(have: number, more: number): void {
  if (have + more > machine.limits.arrayLengthMax) throw limitError("arrayLengthMax");
  charge(more);
}

/** Entering a lambda whose body has `nodes` nodes, `depth` of them nested. The caller takes `depth` off again. */
export function enterLambda(nodes: number, depth: number): void {
  machine.fuel -= nodes;
  if (machine.fuel < 0) throw limitError("fuel");
  machine.depth += depth;
  if (machine.depth > machine.limits.depthMax) throw limitError("depthMax");
}
