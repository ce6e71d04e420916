/** A step that entered a dynamic scope, as the kernel's plan has it: literal configuration, no expressions. */
import { durationMs } from "#workflow/duration.ts";
import type { Reads, Template } from "#workflow/expression/expression.ts";
import type { PlanEdge, PlanStep } from "#workflow/plan.ts";
import { planRetry } from "#workflow/plan-policies.ts";
import { NO_SECRETS } from "#workflow/secret-reads.ts";
import type { DeclaredStep } from "./events.ts";
import { addStep } from "./scope-instance.ts";
import type { ScopeInstance, StepInstance } from "./state.ts";

const NO_READS: Reads = { roots: [], steps: [], inputs: [] };

/** A template that is just `value`. */
export function literalTemplate(value: unknown): Template {
  return { constant: true, reads: NO_READS, evaluate: () => value };
}

/** Adds the step to its scope, waiting; the caller counts the edges from what has settled already. */
export function addDeclaredStep(scope: ScopeInstance, declared: DeclaredStep): StepInstance {
  const step = declaredPlanStep(scope, declared);
  (scope.positions as Map<string, number>).set(step.id, step.index);
  scope.declared?.push(declared);
  scope.outgoing?.push([]);
  for (const edge of step.in) scope.outgoing?.[edge.from]?.push(edge);
  return addStep(scope, step);
}

/** Position and edges follow from what the scope holds already; unknown needs are the journal's fault. */
function declaredPlanStep(scope: ScopeInstance, declared: DeclaredStep): PlanStep {
  const index = scope.steps.length;
  const edges: PlanEdge[] = declared.needs.map((id) => {
    const from = scope.positions.get(id);
    if (from === undefined)
      throw new Error(
        `declared step "${declared.id}" needs "${id}", which its scope does not hold`,
      );
    return { from, to: index, port: null, implied: false, acceptsFailure: false };
  });
  const policies = declared.policies ?? {};
  const onError = policies.onError;
  return {
    index,
    definition: { id: declared.id, uses: declared.uses },
    id: declared.id,
    uses: declared.uses,
    kind: declared.kind,
    isExact: false,
    scope: scope.plan,
    in: edges,
    out: [],
    rule: "all_success",
    if: null,
    with: literalTemplate(declared.with),
    secrets: NO_SECRETS,
    connections: null,
    functions: [],
    condition: null,
    update: null,
    cases: [],
    catches: [],
    bodies: new Map(),
    compensate: null,
    cleanupMs: null,
    failFast: false,
    retry: planRetry(policies.retry),
    timeoutMs: durationMs(policies.timeout),
    heartbeatTimeoutMs: null,
    deadlineMs: durationMs(policies.deadline),
    onError:
      onError === undefined
        ? null
        : onError === "continue"
          ? "continue"
          : { fallback: literalTemplate(onError.fallback) },
    memo: null,
    gates: null,
    rank: 0,
    priority: policies.priority ?? null,
    portsUsed: new Set(),
    policies,
  };
}
