/**
 * `saga`: the steps, and if they do not succeed the `compensate` of each step that has run, one by
 * one, the last to complete first. What there is to undo is kept by the fold (compensation.ts).
 *
 *     body -+-> (succeeded) ------------------------------------------> succeeded
 *           +-> (failed) ----+-> undo -> undo -> ... -+-> (retry) -> body
 *           +-> (cancelled) -+                        +-> failed | cancelled
 *
 *   G1. A compensation runs to its end, whatever happens to the saga meanwhile, but for its
 *       cleanupTimeout; one that fails does not keep the others from running.
 *   G2. If one failed the saga fails with compensation_failed, which is not tried again; else it
 *       ends as its body did, and may be tried again.
 *   G3. A run that stops (`stop`) undoes nothing, unless the body had failed before.
 */
import type { StepError } from "#errors/step-error.ts";
import { COMPENSATE } from "#workflow/control-steps.ts";
import { itemPath, slotPath } from "#workflow/path.ts";
import type { Compensable } from "../compensable.ts";
import { idempotencyKey } from "../derive-id.ts";
import { fail, succeed } from "../outcome.ts";
import { applyResolution, isResolved } from "../resolution.ts";
import { compensationSlot } from "../scope-plan.ts";
import type { StepInstance } from "../state.ts";
import { cleanupOf } from "../time-limits.ts";
import { emit, type Turn } from "../turn.ts";
import type { SagaControl } from "./control.ts";
import type { Begin, ScopeKind } from "./kind.ts";
import { basePath, openSlot } from "./open-scope.ts";
import { startControl } from "./start-control.ts";

const begin: Begin = (turn, instance) => {
  startControl(turn, instance, { kind: "saga" });
  return true;
};

function controlOf(instance: StepInstance): SagaControl {
  return instance.live?.control as SagaControl;
}

function advance(turn: Turn, instance: StepInstance): boolean {
  const control = controlOf(instance);
  const cancelling = instance.live?.cancelling ?? null;
  const { result } = control;
  if (cancelling === null) {
    if (result === null) {
      openSlot(turn, instance, "body");
      return true;
    }
    if (result.outcome === "succeeded") {
      succeed(turn, instance, { outputRef: result.output });
      return true;
    }
  }
  const next = control.compensables.at(-1);
  const stops = cancelling?.reason === "stop" && result?.outcome === "succeeded";
  if (next === undefined || stops) return finish(turn, instance, control);
  undo(turn, instance, control, next);
  return true;
}

function undo(turn: Turn, instance: StepInstance, control: SagaControl, next: Compensable): void {
  const { path, scope, outcome, output, locals, steps } = next;
  const isFirst = control.compensables.length === control.total;
  emit(turn, {
    type: "scope.opened",
    path: itemPath(slotPath(basePath(instance), COMPENSATE), path),
    owner: instance.path,
    slot: compensationSlot(scope),
    key: path,
    locals: {
      ...locals,
      output,
      outcome: { v: outcome },
      idempotencyKey: { v: idempotencyKey(turn.state.runId, path) },
    },
    ...(steps === undefined ? {} : { steps }),
    ...(isFirst ? cleanupOf(turn, instance) : {}),
  });
}

function finish(turn: Turn, instance: StepInstance, control: SagaControl): boolean {
  if (control.failed > 0)
    return fail(turn, instance, failureOf(instance, control), { mayRetry: false });
  if (isResolved(turn, instance)) return applyResolution(turn, instance);
  const cancelling = instance.live?.cancelling ?? null;
  const error = cancelling === null ? (control.result?.error ?? null) : cancelling.error;
  if (error !== null) return fail(turn, instance, error);
  emit(turn, { type: "step.cancelled", path: instance.path });
  return true;
}

function failureOf(instance: StepInstance, control: SagaControl): StepError {
  const { failed, failures, total, result } = control;
  const first = failures[0];
  const cause = result?.error ?? null;
  return {
    code: "compensation_failed",
    message: `${failed} of ${total} compensations of "${instance.path}" failed; the first: that of "${first?.path}": ${first?.error.message}`,
    retryable: false,
    details: {
      failed: failures.map(({ path, error: { code, message } }) => ({
        path,
        error: { code, message },
      })),
      count: failed,
      cause: cause === null ? null : { code: cause.code, message: cause.message },
    },
  };
}

/** Whatever its body left: something to undo, or the news that undoing failed. */
const wantsCleanup = (): boolean => true;

export const sagaKind: ScopeKind = { begin, advance, wantsCleanup };
