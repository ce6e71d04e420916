/**
 * `parallel`: named branches at once. join all: every branch must succeed; any: the first success
 * wins; first: the first to settle decides. The rest is cancelled, and the step ends when the
 * cancelled branches, their `finally` included, have ended.
 */
import { fail, guarded, succeed } from "../outcome.ts";
import { readAll } from "../read-scope.ts";
import type { StepInstance } from "../state.ts";
import type { Turn } from "../turn.ts";
import type { ValueRef } from "../value-ref.ts";
import type { ParallelControl, ScopeOutcome } from "./control.ts";
import type { Begin, ScopeKind } from "./kind.ts";
import { openSlot, stopNext } from "./open-scope.ts";
import { startControl } from "./start-control.ts";
import { winnerOf } from "./wants.ts";

const begin: Begin = (turn, instance, config) => {
  startControl(turn, instance, {
    kind: "parallel",
    join: (config as Pick<ParallelControl, "join">).join,
  });
  return true;
};

function controlOf(instance: StepInstance): ParallelControl {
  return instance.live?.control as ParallelControl;
}

function advance(turn: Turn, instance: StepInstance): boolean {
  const control = controlOf(instance);
  const slots = [...instance.step.bodies.keys()];
  if (control.opened < slots.length) {
    for (const slot of slots) openSlot(turn, instance, slot);
    return true;
  }
  if (control.order.length === slots.length) return finish(turn, instance, control, slots);
  return stopNext(turn, instance, "join");
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

export const parallelKind: ScopeKind = { begin, advance, wantsCleanup: () => false };
