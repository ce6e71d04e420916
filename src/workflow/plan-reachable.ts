/**
 * Steps that can never run, found from the edges alone: those that need two ports of which a step
 * chooses one, those behind an unconditional `fail` or `stop`, and those behind such steps.
 *
 * For every step the analysis keeps what must have been chosen for it to run: (source, port)
 * pairs. It only ever forgets such conditions (at joins, and beyond CONDITIONS_MAX), so a step it
 * calls unreachable is unreachable.
 */
import { ERROR_PORT } from "./control-steps.ts";
import type { PlanEdge, PlanScope, PlanStep } from "./plan.ts";
import type { Pointer, Report } from "./problem.ts";

/** Chosen port by source; a step without an entry for a source may see any of its ports. */
type Conditions = ReadonlyMap<number, string>;

const CONDITIONS_MAX = 64;
const ANYTHING: Conditions = new Map();
/** Stands for "succeeded", of a step whose `error` port somebody needs. */
const NO_ERROR = "";

/** Reports the steps of an acyclic scope that can never run. `pointer` leads to its steps. */
export function reportUnreachable(scope: PlanScope, pointer: Pointer, report: Report): void {
  const conditions: (Conditions | null)[] = new Array(scope.steps.length).fill(ANYTHING);
  for (const step of inOrder(scope)) {
    const edges = step.in.filter((edge) => !edge.implied);
    if (edges.length === 0) continue;
    const alternatives = edges.map((edge) => conditionsOfEdge(edge, scope, conditions));
    // all_done also runs after failures, which say nothing about ports.
    if (step.rule === "all_done") continue;
    const all = step.rule === "all_success";
    const result = all ? conjunction(alternatives) : disjunction(alternatives);
    conditions[step.index] = result;
    if (result !== null || blameLiesBefore(edges, conditions)) continue;
    report({
      code: "unreachable_step",
      message: `Step \`${step.id}\` can never run: ${reasonFor(edges, scope)}.`,
      pointer: [...pointer, step.index],
      suggestion: "Change its `needs`, give it another `triggerRule`, or remove it.",
    });
  }
}

/** A step behind an unreachable one is not reported again. */
function blameLiesBefore(edges: readonly PlanEdge[], conditions: readonly (Conditions | null)[]) {
  return edges.some((edge) => conditions[edge.from] === null);
}

function reasonFor(edges: readonly PlanEdge[], scope: PlanScope): string {
  const end = edges.map((edge) => scope.steps[edge.from]).find((step) => step && endsScope(step));
  if (end !== undefined) return `\`${end.id}\` (${end.uses}) always ends the scope before it`;
  const names = edges.map(
    (edge) => `\`${scope.steps[edge.from]?.id}${edge.port === null ? "" : `.${edge.port}`}\``,
  );
  return `it needs ${names.join(" and ")}, which cannot both happen`;
}

/** What must hold for the edge to be taken or passed; null where it never is. */
function conditionsOfEdge(
  edge: PlanEdge,
  scope: PlanScope,
  conditions: readonly (Conditions | null)[],
): Conditions | null {
  const source = scope.steps[edge.from];
  const before = conditions[edge.from] ?? null;
  if (source === undefined || before === null) return null;
  if (endsScope(source) && edge.port !== ERROR_PORT) return null;
  const plain = source.portsUsed.has(ERROR_PORT) && source.onError === null ? NO_ERROR : null;
  const port = edge.port ?? plain;
  return port === null ? before : withCondition(before, edge.from, port);
}

/** A `fail` that nothing handles, or a `stop`, that always runs when its turn comes. */
function endsScope(step: PlanStep): boolean {
  if (step.if !== null) return false;
  const stops = step.kind === "stop" || step.kind === "workflow.continue";
  return stops || (step.kind === "fail" && step.onError === null);
}

function withCondition(before: Conditions, source: number, port: string): Conditions | null {
  const known = before.get(source);
  if (known !== undefined && known !== port) {
    if (known === NO_ERROR && port !== ERROR_PORT) return new Map(before).set(source, port);
    return port === NO_ERROR && known !== ERROR_PORT ? before : null;
  }
  if (known !== undefined || before.size >= CONDITIONS_MAX) return before;
  return new Map(before).set(source, port);
}

function conjunction(alternatives: readonly (Conditions | null)[]): Conditions | null {
  let result: Conditions | null = alternatives[0] ?? null;
  for (const next of alternatives.slice(1)) {
    if (next === null) return null;
    for (const [source, port] of next) {
      if (result === null) return null;
      result = withCondition(result, source, port);
    }
  }
  return result;
}

/** What all possible alternatives have in common; null when none is possible. */
function disjunction(alternatives: readonly (Conditions | null)[]): Conditions | null {
  const possible = alternatives.filter((conditions) => conditions !== null);
  const first = possible[0];
  if (first === undefined) return null;
  if (possible.length === 1) return first;
  const common = [...first].filter(([source, port]) =>
    possible.every((conditions) => conditions.get(source) === port),
  );
  return new Map(common);
}

/** Steps so that sources come before what needs them (explicit edges). */
function inOrder(scope: PlanScope): PlanStep[] {
  const open = scope.steps.map((step) => step.in.length);
  const ready = scope.steps.filter((step) => step.in.length === 0);
  for (const step of ready) {
    for (const edge of step.out) {
      const left = (open[edge.to] ?? 0) - 1;
      open[edge.to] = left;
      const target = scope.steps[edge.to];
      if (left === 0 && target !== undefined) ready.push(target);
    }
  }
  return ready;
}
