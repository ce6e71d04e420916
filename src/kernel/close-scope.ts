/** The end of a scope instance: its outcome, its output and what a pass of a while hands on. */
import { evaluateOptions, type Guarded, guarded } from "./outcome.ts";
import { carriedRefs, readAll, readScope } from "./read-scope.ts";
import type { ScopeInstance, StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";
import type { ValueRef } from "./value-ref.ts";

interface Result {
  readonly output?: unknown;
  readonly outputRef?: ValueRef;
  readonly carry?: unknown;
}

/** False: values are missing. */
export function closeScope(turn: Turn, scope: ScopeInstance): boolean {
  const { path, firstFailure } = scope;
  if (firstFailure !== null) {
    emit(turn, {
      type: "scope.closed",
      path,
      outcome: "failed",
      error: firstFailure.error,
      errorPath: firstFailure.path,
    });
    return true;
  }
  if (scope.cancelling !== null) {
    emit(turn, { type: "scope.closed", path, outcome: "cancelled" });
    return true;
  }
  const result: Guarded<Result | null> = guarded(() => resultOf(turn, scope));
  if (!result.ok) {
    emit(turn, {
      type: "scope.closed",
      path,
      outcome: "failed",
      error: result.error,
      errorPath: path,
    });
    return true;
  }
  if (result.value === null) return false;
  emit(turn, { type: "scope.closed", path, outcome: "succeeded", ...result.value });
  return true;
}

function resultOf(turn: Turn, scope: ScopeInstance): Result | null {
  const output = outputOf(turn, scope);
  const carry = carryOf(turn, scope);
  return output === null || carry === null ? null : { ...output, ...carry };
}

function outputOf(turn: Turn, scope: ScopeInstance): Result | null {
  if (scope.owner === null && (scope.slot === "finally" || turn.state.plan.output !== null))
    return {};
  const template = scope.plan.output;
  if (template === null) return defaultOutput(turn, scope);
  const names = readScope(turn, scope, template.reads);
  return names === null
    ? null
    : { output: template.evaluate(names, { seed: seedOf(turn, scope) }) };
}

function seedOf(turn: Turn, scope: ScopeInstance): string {
  return `${turn.state.runId}/${scope.path}/output`;
}

/** The output of the single leaf, else an object of the leaves' by id. */
function defaultOutput(turn: Turn, scope: ScopeInstance): Result | null {
  const leaves = leavesOf(scope);
  const [only] = leaves;
  if (only === undefined) return {};
  if (leaves.length === 1) return { outputRef: only.output };
  const refs: Record<string, ValueRef> = {};
  for (const leaf of leaves) refs[leaf.step.id] = leaf.output;
  const output = readAll(turn, refs);
  return output === null ? null : { output };
}

function leavesOf(scope: ScopeInstance): StepInstance[] {
  if (scope.outgoing !== null)
    return scope.steps.filter((_, at) => (scope.outgoing?.[at]?.length ?? 0) === 0);
  const leaves: StepInstance[] = [];
  for (const at of scope.plan.leaves) {
    const leaf = scope.steps[at];
    if (leaf !== undefined) leaves.push(leaf);
  }
  return leaves;
}

/** Names without an `update` keep their value. */
function carryOf(turn: Turn, scope: ScopeInstance): Result | null {
  const owner = scope.owner;
  const update = owner?.step.update ?? null;
  if (owner === null || update === null || !scope.plan.locals.has("carry")) return {};
  const names = readScope(turn, scope, update.reads);
  const carried = readAll(turn, carriedRefs(scope));
  if (names === null || carried === null) return null;
  const next = update.evaluate(
    names,
    evaluateOptions(turn, owner, `update@${scope.index}`),
  ) as Readonly<Record<string, unknown>>;
  return { carry: { ...carried, ...next } };
}
