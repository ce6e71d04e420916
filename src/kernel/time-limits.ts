/**
 * The two limits of a step's time as the fields that its events carry: `deadline` counts from ready
 * to outcome, retries included; `timeout` is for one attempt and counts from its start.
 */
import type { TimeLimits } from "./events.ts";
import type { StepInstance } from "./state.ts";
import type { Turn } from "./turn.ts";

export function deadlineOf({ step, live }: StepInstance): Pick<TimeLimits, "deadlineAtMs"> {
  const { deadlineMs } = step;
  if (deadlineMs === null || live === null) return {};
  // An attempt before this one began it, and pauses may have moved it since.
  return { deadlineAtMs: live.deadlineAtMs ?? live.readyAtMs + deadlineMs };
}

/** Of an attempt that starts now. */
export function timeoutOf(turn: Turn, instance: StepInstance): Pick<TimeLimits, "timeoutAtMs"> {
  const { timeoutMs } = instance.step;
  return timeoutMs === null ? {} : { timeoutAtMs: turn.world.nowMs + timeoutMs };
}

/** When an attempt that begins now is over at the latest, whichever limit says so; null: none does. */
export function limitOf(turn: Turn, instance: StepInstance): number | null {
  const { deadlineAtMs = null } = deadlineOf(instance);
  const { timeoutAtMs = null } = timeoutOf(turn, instance);
  if (deadlineAtMs === null || timeoutAtMs === null) return deadlineAtMs ?? timeoutAtMs;
  return Math.min(deadlineAtMs, timeoutAtMs);
}

/** Of a `finally` or compensations that begin now. */
export function cleanupOf(turn: Turn, { step }: StepInstance): { readonly cleanupAtMs?: number } {
  return step.cleanupMs === null ? {} : { cleanupAtMs: turn.world.nowMs + step.cleanupMs };
}

/** Of a wait or a step with inner scopes, which starts as soon as it is ready. */
export function timeLimitsOf(turn: Turn, instance: StepInstance): TimeLimits {
  return { ...deadlineOf(instance), ...timeoutOf(turn, instance) };
}
