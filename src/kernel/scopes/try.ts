/**
 * `try`: the block, then the first catch that fits its failure, then `finally` in any case. Retry
 * applies to the block: catch sees the failure of its last attempt, finally runs once.
 *
 *     body -+-> (succeeded) ----------------------+-> finally -> settled
 *           +-> (failed) -> retry -> body         |
 *           +-> (failed) -> catch ----------------+
 *           +-> (cancelled) ----------------------+
 */
import { endCancelled } from "../end-cancelled.ts";
import { fail, mayRetry, succeed } from "../outcome.ts";
import type { StepInstance } from "../state.ts";
import { cleanupOf } from "../time-limits.ts";
import { emit, type Turn } from "../turn.ts";
import type { TryControl } from "./control.ts";
import type { Begin, ScopeKind } from "./kind.ts";
import { openSlot } from "./open-scope.ts";
import { startControl } from "./start-control.ts";

const begin: Begin = (turn, instance) => {
  startControl(turn, instance, { kind: "try" });
  return true;
};

function controlOf(instance: StepInstance): TryControl {
  return instance.live?.control as TryControl;
}

function hasFinally(instance: StepInstance): boolean {
  return instance.step.bodies.has("finally");
}

function wantsCleanup(instance: StepInstance): boolean {
  return hasFinally(instance);
}

function advance(turn: Turn, instance: StepInstance): boolean {
  const control = controlOf(instance);
  const { result } = control;
  if (control.phase === "finally" && control.cleanup !== null)
    return finish(turn, instance, control);
  if (result === null && instance.live?.cancelling === null) {
    openSlot(turn, instance, "body");
    return true;
  }
  if (control.phase === "body" && result?.error && retries(instance, control))
    return fail(turn, instance, result.error);
  if (control.catchSlot !== null && result?.error && instance.live?.cancelling === null) {
    openSlot(turn, instance, control.catchSlot, { locals: { error: { v: result.error } } });
    return true;
  }
  if (hasFinally(instance)) {
    openSlot(turn, instance, "finally", cleanupOf(turn, instance));
    return true;
  }
  return finish(turn, instance, control);
}

function retries(instance: StepInstance, control: TryControl): boolean {
  const { retry } = instance.step;
  const error = control.result?.error ?? null;
  return retry !== null && error !== null && mayRetry(instance, retry, error);
}

function finish(turn: Turn, instance: StepInstance, control: TryControl): boolean {
  const { result, cleanup } = control;
  if (cleanup?.error) return fail(turn, instance, cleanup.error, { mayRetry: false });
  if (instance.live?.cancelling) return endCancelled(turn, instance);
  if (result?.error) return fail(turn, instance, result.error, { mayRetry: false });
  if (result?.outcome === "succeeded") succeed(turn, instance, { outputRef: result.output });
  else emit(turn, { type: "step.cancelled", path: instance.path });
  return true;
}

export const tryKind: ScopeKind = { begin, advance, wantsCleanup };
