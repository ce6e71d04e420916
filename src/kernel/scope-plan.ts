/** Which plan an instance of a scope follows, by who owns it and the slot it stands in. */
import type { PlanScope } from "#workflow/plan.ts";
import type { RunState, ScopeInstance, StepInstance } from "./state.ts";

/** `compensate.<index>`: the compensation with that index among the plan's scopes, run by a saga. */
const COMPENSATION = "compensate.";

export function compensationSlot(index: number): string {
  return `${COMPENSATION}${index}`;
}

/** null: `owner` is no saga, or `slot` is its body. */
function compensationIndex(owner: StepInstance | null, slot: string): number | null {
  return owner?.step.kind === "saga" && slot.startsWith(COMPENSATION)
    ? Number(slot.slice(COMPENSATION.length))
    : null;
}

/** The plan of the scope in `slot` below `owner`; null: the run's own (`finally`, else the root). */
export function scopePlan(state: RunState, owner: StepInstance | null, slot: string): PlanScope {
  const { root, finally: cleanup, scopes } = state.plan;
  const index = compensationIndex(owner, slot);
  const own = owner === null ? (slot === "finally" ? cleanup : root) : owner.step.bodies.get(slot);
  const plan = index === null ? own : scopes[index];
  if (plan === undefined || plan === null)
    throw new Error(`the plan has no scope "${slot}" below ${owner?.path ?? "the run"}`);
  return plan;
}

/**
 * Where the names of a scope go on outwards. A compensation has all that it reads in itself: what
 * was around its step has closed.
 */
export function scopeAround(
  state: RunState,
  at: { readonly owner: StepInstance | null; readonly slot: string; readonly path: string },
): ScopeInstance | null {
  if (compensationIndex(at.owner, at.slot) !== null) return null;
  return at.owner?.scope ?? (at.path === "" ? null : state.root);
}
