/**
 * What a run's state counts as it goes on, counted again from what it counts: how many attempts are
 * active, how many steps of a scope have not settled, what became of the edges of a step that waits.
 * Replaying a journal cannot find a count that is wrong: it counts wrongly again.
 */
import { isSettled, type RunState, type ScopeInstance, type StepInstance } from "#kernel/state.ts";
import { type EdgeState, sourceEdgeState } from "#workflow/trigger-rules.ts";

/** Every count that is not what it counts, as text; empty: all are right. */
export function wrongCounts(state: RunState): string[] {
  const wrong: string[] = [];
  const expect = (what: string, counted: unknown, actual: unknown) => {
    if (JSON.stringify(counted) !== JSON.stringify(actual))
      wrong.push(`${what} is ${JSON.stringify(counted)}, not ${JSON.stringify(actual)}`);
  };
  const steps = [...state.steps.values()];
  const active = steps.filter(({ status }) => status === "scheduled" || status === "running");
  expect("active", state.active, active.length);
  for (const scope of state.scopes.values()) {
    const open = scope.steps.filter(({ status }) => !isSettled(status));
    expect(`${scope.path}: unsettled`, scope.unsettled, open.length);
  }
  for (const instance of steps) {
    if (isSettled(instance.status)) expect(`${instance.path}: live`, instance.live, null);
    if (instance.status !== "waiting" || instance.edges === null) continue;
    expect(`${instance.path}: edges`, sorted(instance.edges), sorted(edgesOf(instance)));
  }
  return wrong;
}

function edgesOf(target: StepInstance) {
  const counts = { open: 0, taken: 0, passed: 0, untaken: 0, failed: 0, cancelled: 0 };
  const implied = { impliedOpen: 0, impliedFailed: 0, impliedCancelled: 0 };
  for (const [source, edge] of edgesInto(target)) {
    const edgeState = stateOf(source, edge);
    if (!edge.implied) counts[edgeState]++;
    else if (edgeState === "open") implied.impliedOpen++;
    else if (edgeState === "failed") implied.impliedFailed++;
    else if (edgeState === "cancelled") implied.impliedCancelled++;
  }
  return { ...counts, ...implied };
}

type Edge = StepInstance["step"]["out"][number];

function edgesInto(target: StepInstance): (readonly [StepInstance, Edge])[] {
  const { scope } = target;
  return scope.steps.flatMap((source) =>
    edgesOutOf(scope, source)
      .filter(({ to }) => scope.steps[to] === target)
      .map((edge) => [source, edge] as const),
  );
}

function edgesOutOf(scope: ScopeInstance, source: StepInstance): readonly Edge[] {
  return scope.outgoing?.[source.step.index] ?? source.step.out;
}

function stateOf(source: StepInstance, edge: Edge): EdgeState {
  const status = isSettled(source.status) ? source.status : "open";
  const { handled, port, skippedByIf } = source;
  return sourceEdgeState({ status, handled, port, skippedByIf }, edge);
}

function sorted(counts: object): [string, unknown][] {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
}
