/**
 * Dead branches: steps of an optimised plan that no input, result or person can make run, because a
 * condition is a constant. They get their outcome all the same, `skipped`, in their turn and with
 * their event: this only says so beforehand.
 */
import { DEFAULT_PORT } from "./control-steps.ts";
import type { Plan, PlanScope, PlanStep } from "./plan.ts";
import { inOrder } from "./plan-order.ts";

/** Each dead step with the reason, in words. */
export type DeadSteps = ReadonlyMap<PlanStep, string>;

export function deadSteps(plan: Plan): DeadSteps {
  const dead = new Map<PlanStep, string>();
  visit(plan.root, dead);
  if (plan.finally !== null) visit(plan.finally, dead);
  return dead;
}

function visit(scope: PlanScope, dead: Map<PlanStep, string>): void {
  for (const step of inOrder(scope)) {
    const reason = whyDead(step, dead);
    const inner = [...step.bodies.values(), ...compensationOf(step)];
    if (reason !== null) {
      dead.set(step, reason);
      for (const body of inner) kill(body, `${step.id} never runs`, dead);
      continue;
    }
    const port = portOf(step);
    for (const body of inner)
      if (port !== null && body !== step.compensate && body.slot !== slotOf(step, port))
        kill(body, `${step.id} is always ${port}`, dead);
      else visit(body, dead);
  }
}

function kill(scope: PlanScope, reason: string, dead: Map<PlanStep, string>): void {
  for (const step of scope.steps) {
    dead.set(step, reason);
    for (const inner of [...step.bodies.values(), ...compensationOf(step)])
      kill(inner, reason, dead);
  }
}

function compensationOf({ compensate }: PlanStep): readonly PlanScope[] {
  return compensate === null ? [] : [compensate];
}

/** Why it never runs, as far as its own `if` and its edges say; null: it may. */
function whyDead(step: PlanStep, dead: ReadonlyMap<PlanStep, string>): string | null {
  const wanted = step.if?.constant ?? null;
  if (wanted !== null && !wanted.value) return "its `if` is always false";
  const edges = step.in.filter(({ implied }) => !implied);
  if (edges.length === 0) return null;
  const untaken = edges.filter(({ from, port }) => {
    const source = step.scope.steps[from];
    if (source === undefined) return false;
    // Skipped by its own `if` a step lets those behind it pass, unless they wait for a port of it.
    if (dead.has(source)) return port !== null || !isSkippedByIf(source);
    const chosen = portOf(source);
    return port !== null && port !== "error" && chosen !== null && chosen !== port;
  });
  const [first] = untaken;
  if (first === undefined) return null;
  if (step.rule !== "all_success" && untaken.length < edges.length) return null;
  const source = step.scope.steps[first.from];
  if (source !== undefined && !dead.has(source))
    return `${source.id} is always ${String(portOf(source))}`;
  return `${source?.id ?? ""} never runs`;
}

function isSkippedByIf({ if: condition }: PlanStep): boolean {
  return condition?.constant != null && !condition.constant.value;
}

/** The port that a branch always takes; null: the run decides, or it has none. */
function portOf(step: PlanStep): string | null {
  if (step.kind === "if") {
    const { condition } = step;
    return condition?.constant == null ? null : String(Boolean(condition.constant.value));
  }
  return step.kind === "switch" ? caseOf(step) : null;
}

/** As scopes/branch.ts of the kernel chooses it. */
function caseOf({ with: config, cases }: PlanStep): string | null {
  if (!config.constant) return null;
  const { value } = config.evaluate({}) as { readonly value?: unknown };
  for (const { port, when, equals } of cases) {
    if (port === DEFAULT_PORT && when === null && equals === null) continue;
    if (when !== null) {
      if (when.constant === null) return null;
      if (when.constant.value) return port;
      continue;
    }
    if (equals === null) {
      if (value === port) return port;
      continue;
    }
    if (!equals.constant) return null;
    if (JSON.stringify(equals.evaluate({})) === JSON.stringify(value)) return port;
  }
  return DEFAULT_PORT;
}

function slotOf({ kind }: PlanStep, port: string): string {
  if (kind === "switch") return port;
  return port === "true" ? "then" : "else";
}
