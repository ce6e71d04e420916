/**
 * `parallel`: named branches at once. join all: every branch must succeed; any: the first success
 * wins; first: the first to settle decides. The rest is cancelled, and the step ends when the
 * cancelled branches, their `finally` included, have ended.
 */
import { fail, guarded, succeed } from "../outcome.ts";
import { readAll } from "../read-scope.ts";
import type { StepInstance } from "../state.ts";
import { emit, type Turn } from "../turn.ts";
import type { ValueRef } from "../value-ref.ts";
import type { ParallelControl, ScopeOutcome } from "./control.ts";
import type { Begin, ScopeKind } from "./kind.ts";
import { openSlot } from "./open-scope.ts";

const begin: Begin = (turn, instance, config) => {
  emit(turn, {
    type: "step.started",
    path: instance.path,
    attempt: Math.max(1, instance.attempt),
    control: { kind: "parallel", join: (config as Pick<ParallelControl, "join">).join },
  });
  return true;
};

function controlOf(instance: StepInstance): ParallelControl {
  return instance.live?.control as ParallelControl;
}

/** The branch whose outcome decides now, if one does. */
function winnerOf(control: ParallelControl): string | null {
  const { join } = control;
  if (join === "all") return null;
  const decides = (slot: string) =>
    join === "first" || control.results[slot]?.outcome === "succeeded";
  return control.order.find(decides) ?? null;
}

function mustCancelRest(instance: StepInstance, control: ParallelControl): boolean {
  if (winnerOf(control) !== null) return true;
  if (!instance.step.failFast) return false;
  return control.order.some((slot) => control.results[slot]?.outcome === "failed");
}

function toCancel(instance: StepInstance) {
  return [...(instance.live?.scopes ?? [])].filter((scope) => scope.cancelling === null);
}

function wants(instance: StepInstance): boolean {
  const control = controlOf(instance);
  if (control.opened < instance.step.bodies.size) return true;
  if (control.order.length === instance.step.bodies.size) return true;
  return mustCancelRest(instance, control) && toCancel(instance).length > 0;
}

function advance(turn: Turn, instance: StepInstance): boolean {
  const control = controlOf(instance);
  const slots = [...instance.step.bodies.keys()];
  if (control.opened < slots.length) {
    for (const slot of slots.slice(control.opened)) openSlot(turn, instance, slot);
    return true;
  }
  if (control.order.length === slots.length) return finish(turn, instance, control, slots);
  for (const scope of toCancel(instance))
    emit(turn, { type: "scope.cancel_requested", path: scope.path, reason: "join" });
  return true;
}

function finish(
  turn: Turn,
  instance: StepInstance,
  control: ParallelControl,
  slots: readonly string[],
): boolean {
  const winner = winnerOf(control);
  const firstFailure = control.order
    .map((slot) => control.results[slot])
    .find((result) => result?.outcome === "failed");
  if (winner !== null) return finishWith(turn, instance, winner, control.results[winner]);
  if (firstFailure?.error) return fail(turn, instance, firstFailure.error);
  const refs: Record<string, ValueRef> = {};
  for (const slot of slots) {
    const result = control.results[slot];
    if (result !== undefined) refs[slot] = result.output;
  }
  const outputs = guarded(() => readAll(turn, refs));
  if (!outputs.ok) return fail(turn, instance, outputs.error);
  if (outputs.value === null) return false;
  succeed(turn, instance, { output: outputs.value });
  return true;
}

function finishWith(
  turn: Turn,
  instance: StepInstance,
  branch: string,
  result: ScopeOutcome | undefined,
): boolean {
  if (result?.error) return fail(turn, instance, result.error);
  const output = guarded(() =>
    readAll(turn, result === undefined ? {} : { output: result.output }),
  );
  if (!output.ok) return fail(turn, instance, output.error);
  if (output.value === null) return false;
  succeed(turn, instance, { output: { branch, ...output.value } });
  return true;
}

export const parallelKind: ScopeKind = { begin, wants, advance, wantsCleanup: () => false };
