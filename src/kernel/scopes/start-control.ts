/** How a step with inner scopes starts: with its time limits, and what its kind keeps (control.ts). */
import type { EventOf } from "../events.ts";
import type { StepInstance } from "../state.ts";
import { timeLimitsOf } from "../time-limits.ts";
import { emit, type Turn } from "../turn.ts";
import type { Control } from "./control.ts";

type Started = EventOf<"step.started">;

/** `control`: what controlStarted() makes the first control of. `carry`: of a while; `input`: a stream. */
export function startControl(
  turn: Turn,
  instance: StepInstance,
  control: { readonly kind: Control["kind"] } & NonNullable<Started["control"]>,
  more: Pick<Started, "carry" | "input"> = {},
): void {
  emit(turn, {
    type: "step.started",
    path: instance.path,
    attempt: Math.max(1, instance.attempt),
    ...timeLimitsOf(turn, instance),
    control,
    ...more,
  });
}
