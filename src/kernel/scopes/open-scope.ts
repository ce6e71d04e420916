/** Opening an inner scope (its path, and what its locals hold), and telling one to stop. */
import { attemptPath, slotPath } from "#workflow/path.ts";
import type { CancelReason } from "../events.ts";
import type { StepInstance } from "../state.ts";
import { emit, type Turn } from "../turn.ts";
import type { ValueRef } from "../value-ref.ts";
import { innerToCancel } from "./wants.ts";

/** Where the inner scopes of this step hang: its path, with the attempt from the second on. */
export function basePath(instance: StepInstance): string {
  return attemptPath(instance.path, instance.attempt);
}

/** Opens the scope in `slot`, which adds its own segment to the path. */
export function openSlot(
  turn: Turn,
  instance: StepInstance,
  slot: string,
  more: {
    readonly locals?: Readonly<Record<string, ValueRef>>;
    readonly cleanupAtMs?: number;
  } = {},
): void {
  const segment = instance.step.bodies.get(slot)?.pathSegment ?? slot;
  emit(turn, {
    type: "scope.opened",
    path: slotPath(basePath(instance), segment),
    owner: instance.path,
    slot,
    ...more,
  });
}

/** Tells the next inner scope to stop; one at a time, so that the turn's budget holds. False: all know. */
export function stopNext(turn: Turn, instance: StepInstance, reason: CancelReason): boolean {
  const scope = innerToCancel(instance);
  if (scope === null) return false;
  emit(turn, { type: "scope.cancel_requested", path: scope.path, reason });
  return true;
}
