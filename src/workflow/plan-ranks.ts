/**
 * The critical path: how much is still to come from each step on. What takes time counts one (an
 * attempt, a wait, a child run), what is computed in the turn or never runs counts nothing.
 *
 *   R1. A step's rank is the longest way through its scope from it on, and what comes behind the
 *       owner of that scope.
 *   R2. Steps in a loop have the rank of the loop: its items and passes go in their order.
 *   R3. Ranks order only what could start at the same time; they decide nothing else.
 */
import type { Plan, PlanScope, PlanStep } from "./plan.ts";
import { type DeadSteps, deadSteps } from "./plan-dead.ts";
import { inOrder } from "./plan-order.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Steps that take time, one after another. */
export interface PlanLengths {
  /** On the longest way through a scope. */
  of(scope: PlanScope): number;
  /** On the longest way from each step of the scope to its end, by position. */
  leftIn(scope: PlanScope): readonly number[];
  /** 0 for what takes none. */
  ofStep(step: PlanStep): number;
}

/** Gives every step its rank. */
export function rankSteps(plan: Plan): void {
  const lengths = lengthsOf(plan, deadSteps(plan));
  // A scope's owner stands in a scope that was opened before it.
  for (const scope of plan.scopes) {
    const behind = behindOf(scope, lengths);
    const left = lengths.leftIn(scope);
    const { owner } = scope;
    const isLoop = owner?.kind === "for_each" || owner?.kind === "while";
    for (const step of scope.steps)
      (step as Mutable<PlanStep>).rank = isLoop ? owner.rank : behind + (left[step.index] ?? 0);
  }
}

export function lengthsOf(plan: Plan, dead: DeadSteps): PlanLengths {
  const left = new Map<PlanScope, readonly number[]>();
  const lengths: PlanLengths = {
    of: (scope) => left.get(scope)?.reduce((most, each) => Math.max(most, each), 0) ?? 0,
    leftIn: (scope) => left.get(scope) ?? [],
    ofStep: (step) => (dead.has(step) ? 0 : lengthOf(step, lengths)),
  };
  // Inner scopes were opened after those around them.
  for (const scope of plan.scopes.toReversed()) left.set(scope, leftOf(scope, lengths));
  return lengths;
}

function leftOf(scope: PlanScope, lengths: PlanLengths): readonly number[] {
  const left = new Array<number>(scope.steps.length).fill(0);
  for (const step of inOrder(scope).toReversed()) {
    let after = 0;
    for (const { to } of step.out) after = Math.max(after, left[to] ?? 0);
    left[step.index] = after + lengths.ofStep(step);
  }
  return left;
}

/** Of a loop: one pass of it, as many times as is written down, in as many rounds as fit at once. */
function lengthOf(step: PlanStep, lengths: PlanLengths): number {
  const { kind, bodies } = step;
  switch (kind) {
    case "pure":
    case "fail":
    case "stop":
    case "workflow.continue":
      return 0;
    case "for_each":
    case "while":
      return longestOf(bodies, lengths) * roundsOf(step);
    case "try":
      // A catch runs instead of what was planned, not after it.
      return partOf(bodies, "body", lengths) + partOf(bodies, "finally", lengths);
    case "parallel":
    case "if":
    case "switch":
    case "saga":
      return longestOf(bodies, lengths);
    default:
      return 1;
  }
}

function partOf(bodies: PlanStep["bodies"], slot: string, lengths: PlanLengths): number {
  const scope = bodies.get(slot);
  return scope === undefined ? 0 : lengths.of(scope);
}

function longestOf(bodies: PlanStep["bodies"], lengths: PlanLengths): number {
  let longest = 0;
  for (const scope of bodies.values()) longest = Math.max(longest, lengths.of(scope));
  return longest;
}

const ROUNDS_MAX = 10_000;
const AT_ONCE_DEFAULT = 16;

function roundsOf({ kind, definition }: PlanStep): number {
  if (kind !== "for_each") return 1;
  const { items, concurrency } = (definition.with ?? {}) as Readonly<Record<string, unknown>>;
  const count = Array.isArray(items) ? items.length : 1;
  const atOnce = typeof concurrency === "number" && concurrency > 0 ? concurrency : AT_ONCE_DEFAULT;
  return Math.min(ROUNDS_MAX, Math.ceil(count / atOnce));
}

/** What comes after the scope: nothing after the root, a compensation or the workflow's `finally`. */
function behindOf(scope: PlanScope, lengths: PlanLengths): number {
  const { owner, slot } = scope;
  if (owner === null || owner.bodies.get(slot) !== scope) return 0;
  const cleanup = slot === "finally" ? 0 : partOf(owner.bodies, "finally", lengths);
  return owner.rank - lengths.ofStep(owner) + cleanup;
}
