/** Steps of a scope, each after those it waits for. */
import type { PlanScope, PlanStep } from "./plan.ts";

/** Ties in definition order; a checked plan has no cycle. */
export function inOrder({ steps }: PlanScope): readonly PlanStep[] {
  const missing = steps.map((step) => step.in.length);
  const ordered = steps.filter((step) => step.in.length === 0);
  for (const step of ordered)
    for (const { to } of step.out) {
      missing[to] = (missing[to] ?? 0) - 1;
      const next = steps[to];
      if (missing[to] === 0 && next !== undefined) ordered.push(next);
    }
  return ordered;
}
