/** Which plan an instance of a scope follows, by who owns it and the slot it stands in. */
import type { PlanScope } from "#workflow/plan.ts";
import type { RunState, StepInstance } from "./state.ts";

/** The plan of the scope in `slot` below `owner`; null: the run's own (`finally`, else the root). */
export function scopePlan(state: RunState, owner: StepInstance | null, slot: string): PlanScope {
  const { root, finally: cleanup } = state.plan;
  const plan = owner !== null ? owner.step.bodies.get(slot) : slot === "finally" ? cleanup : root;
  if (plan === undefined || plan === null)
    throw new Error(`the plan has no scope "${slot}" below ${owner?.path ?? "the run"}`);
  return plan;
}
