/** Instances of scopes and steps as they begin: every step waiting, every edge open. */
import { childPath } from "#workflow/path.ts";
import type { PlanEdge, PlanScope, PlanStep } from "#workflow/plan.ts";
import { type MutableCounts, NO_EFFECTS, type ScopeInstance, type StepInstance } from "./state.ts";
import { NULL_REF, type ValueRef } from "./value-ref.ts";

/** Creates an instance of `plan` with all its steps waiting; steps that wait for nothing are made ready by the caller. */
export function newScope(
  plan: PlanScope,
  at: {
    readonly path: string;
    readonly owner: StepInstance | null;
    readonly parent: ScopeInstance | null;
    readonly slot: string;
    readonly index: number | null;
    readonly key: string | null;
    readonly locals: Readonly<Record<string, ValueRef>>;
    readonly captured: ScopeInstance["captured"];
  },
): ScopeInstance {
  const scope: ScopeInstance = {
    ...at,
    plan,
    steps: [],
    positions: plan.dynamic ? new Map(plan.positions) : plan.positions,
    outgoing: plan.dynamic ? plan.steps.map((step) => [...step.out]) : null,
    declared: plan.dynamic ? [] : null,
    sealed: !plan.dynamic,
    closed: false,
    unsettled: 0,
    firstFailure: null,
    endsEarly: plan.failFast,
    cancelling: null,
    cancelCursor: 0,
    listed: false,
  };
  for (const step of plan.steps) addStep(scope, step);
  return scope;
}

/** Adds an instance of `step` to `scope`, waiting. */
export function addStep(scope: ScopeInstance, step: PlanStep): StepInstance {
  const instance: StepInstance = {
    path: childPath(scope.path, step.id),
    step,
    scope,
    status: "waiting",
    edges: step.in.length === 0 ? null : openCounts(step.in),
    verdict: "ready",
    skippedByIf: false,
    handled: null,
    port: null,
    attempt: 0,
    output: NULL_REF,
    error: null,
    live: null,
    listed: false,
    effects: NO_EFFECTS,
    isTouched: false,
    nextTouched: null,
  };
  scope.steps.push(instance);
  scope.unsettled++;
  return instance;
}

function openCounts(edges: readonly PlanEdge[]): MutableCounts {
  let implied = 0;
  for (const edge of edges) if (edge.implied) implied++;
  return {
    open: edges.length - implied,
    taken: 0,
    passed: 0,
    untaken: 0,
    failed: 0,
    cancelled: 0,
    impliedOpen: implied,
    impliedFailed: 0,
    impliedCancelled: 0,
  };
}
