/** Opening an inner scope: its path, and what its locals hold. */
import { attemptPath, slotPath } from "#workflow/path.ts";
import type { StepInstance } from "../state.ts";
import { emit, type Turn } from "../turn.ts";
import type { ValueRef } from "../value-ref.ts";

/** Where the inner scopes of this step hang: its path, with the attempt from the second on. */
export function basePath(instance: StepInstance): string {
  return attemptPath(instance.path, instance.attempt);
}

/** Opens the scope in `slot`, which adds its own segment to the path. */
export function openSlot(
  turn: Turn,
  instance: StepInstance,
  slot: string,
  locals?: Readonly<Record<string, ValueRef>>,
): void {
  const segment = instance.step.bodies.get(slot)?.pathSegment ?? slot;
  emit(turn, {
    type: "scope.opened",
    path: slotPath(basePath(instance), segment),
    owner: instance.path,
    slot,
    ...(locals === undefined ? {} : { locals }),
  });
}
