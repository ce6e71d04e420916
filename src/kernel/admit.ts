/** Attempts that admission lets start: what it had to say of them, and their start. */
import type { Input } from "./inputs.ts";
import { timeoutOf } from "./time-limits.ts";
import { emit, type Turn } from "./turn.ts";

/** Starts the attempts at `paths`; those that no longer wait for it are passed over. */
export function admit(
  turn: Turn,
  { paths, grants }: Extract<Input, { readonly kind: "admit" }>,
): void {
  if (turn.state.pausedAtMs !== null) return;
  for (const path of paths) {
    const instance = turn.state.steps.get(path);
    if (instance?.status !== "scheduled") continue;
    const { attempt } = instance;
    const grant = grants?.find((candidate) => candidate.path === path);
    if (grant !== undefined) emit(turn, { type: "slot.granted", ...grant, attempt });
    if (instance.step.timeoutMs === null) emit(turn, { type: "step.started", path, attempt });
    else emit(turn, { type: "step.started", path, attempt, ...timeoutOf(turn, instance) });
  }
}
