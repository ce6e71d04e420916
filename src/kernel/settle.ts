/**
 * What a settled step does to its scope: its edges become taken, passed, untaken, failed or
 * cancelled, and whoever waited for the last of them is put on the agenda. O(edges of the step).
 */
import type { StepError } from "#errors/step-error.ts";
import type { PlanEdge } from "#workflow/plan.ts";
import { ruleOutcome, sourceEdgeState } from "#workflow/trigger-rules.ts";
import { newLive } from "./live.ts";
import { withoutResolution } from "./resolution-shape.ts";
import {
  isSettled,
  listScope,
  listStep,
  type RunState,
  type SettledStatus,
  type StepInstance,
} from "./state.ts";
import { touchStep } from "./step-effects.ts";

/** Marks the step settled (S1), frees what it held and tells its dependents. */
export function settle(state: RunState, instance: StepInstance, status: SettledStatus): void {
  const { scope } = instance;
  if (instance.live !== null) {
    if (instance.status === "scheduled" || instance.status === "running") state.active--;
    instance.live = null;
    if (instance.effects.length > 0) touchStep(state, instance);
  }
  if (state.resolutions !== null)
    state.resolutions = withoutResolution(state.resolutions, instance.path);
  instance.status = status;
  instance.edges = null;
  state.settledSteps++;
  if (status === "failed") state.failedSteps++;
  scope.unsettled--;
  const edges = scope.outgoing?.[instance.step.index] ?? instance.step.out;
  for (const edge of edges) tell(state, instance, edge);
  if (scope.unsettled === 0) listScope(state, scope);
}

/** Remembers the first failure that nobody handled (in journal order). */
export function recordFailure(
  state: RunState,
  instance: StepInstance,
  error: StepError,
  ends: boolean,
): void {
  const { scope } = instance;
  scope.firstFailure ??= { path: instance.path, error };
  if (ends) scope.endsEarly = true;
  if (scope.endsEarly) listScope(state, scope);
}

/** The source of an edge as trigger-rules.ts wants it. */
function sourceOf(instance: StepInstance) {
  return {
    status: isSettled(instance.status) ? instance.status : ("open" as const),
    handled: instance.handled,
    port: instance.port,
    skippedByIf: instance.skippedByIf,
  };
}

function tell(state: RunState, source: StepInstance, edge: PlanEdge): void {
  const target = source.scope.steps[edge.to];
  if (target !== undefined) countEdge(state, source, target, edge);
}

/** Moves one edge of `target` from open to what its settled source made of it. */
export function countEdge(
  state: RunState,
  source: StepInstance,
  target: StepInstance,
  edge: PlanEdge,
): void {
  const counts = target.edges;
  if (target.status !== "waiting" || counts === null) return;
  const isTaken = source.status === "succeeded" && edge.port === null;
  const edgeState = isTaken ? "taken" : sourceEdgeState(sourceOf(source), edge);
  if (edgeState === "open") return;
  if (edge.implied) {
    counts.impliedOpen--;
    if (edgeState === "failed") counts.impliedFailed++;
    if (edgeState === "cancelled") counts.impliedCancelled++;
  } else {
    counts.open--;
    counts[edgeState]++;
  }
  wake(state, target);
}

/** Puts a waiting step whose rule is decided on the agenda. */
export function wake(state: RunState, instance: StepInstance): void {
  if (instance.status !== "waiting") return;
  const verdict = verdictOf(instance);
  if (verdict === "wait") return;
  instance.status = "ready";
  instance.verdict = verdict;
  instance.edges = null;
  instance.live = newLive(state.nowMs);
  listStep(state, instance);
}

/** What the step's rule says of its edges now; steps without edges are ready. */
function verdictOf(instance: StepInstance): "wait" | "ready" | "blocked" | "skipped" {
  return instance.edges === null ? "ready" : ruleOutcome(instance.step.rule, instance.edges);
}
