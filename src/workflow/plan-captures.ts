/**
 * What compensations read of the scopes around their steps. Those scopes have closed when a
 * compensation runs, so the kernel keeps exactly these names when its step has settled: the reads
 * are edges, so what they name has settled before the step began.
 */
import type { StepRead } from "./expression/expression.ts";
import type { PlanCaptures, PlanScope } from "./plan.ts";

/** `compensation` reads a step from outside of it. */
export function captureStep(compensation: PlanScope, read: StepRead): void {
  const steps = compensation.captures?.steps as Map<string, Set<string>> | undefined;
  const before = steps?.get(read.id);
  // No fields stand for all of them.
  if (read.fields.length === 0 || before?.size === 0) steps?.set(read.id, new Set());
  else steps?.set(read.id, new Set([...(before ?? []), ...read.fields]));
}

/** An expression in `inner` reads `root`, which some scope around it may bring in. */
export function captureLocal(root: string, inner: PlanScope | null): void {
  const crossed: PlanCaptures[] = [];
  for (let scope = inner; scope !== null; scope = scope.parent) {
    if (scope.locals.has(root)) {
      for (const { locals } of crossed) (locals as Set<string>).add(root);
      return;
    }
    if (scope.captures !== null) crossed.push(scope.captures);
  }
}
