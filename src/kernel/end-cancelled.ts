/** The end of a step that was told to stop, and has: what an operator decided, the reason's error, or cancelled. */
import { fail } from "./outcome.ts";
import { applyResolution, isResolved } from "./resolution.ts";
import type { StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

/** False: a fallback's values are missing (turn.needs), nothing was emitted. */
export function endCancelled(turn: Turn, instance: StepInstance): boolean {
  if (isResolved(turn, instance)) return applyResolution(turn, instance);
  const error = instance.live?.cancelling?.error ?? null;
  if (error !== null) return fail(turn, instance, error);
  emit(turn, { type: "step.cancelled", path: instance.path });
  return true;
}
