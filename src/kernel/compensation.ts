/**
 * What a saga would have to undo: steps with a `compensate` that have run, or may have, kept by
 * reference where the nearest saga around them remembers what it does. The fold's half; which one
 * is undone next, and how it ends, is decided in scopes/saga.ts.
 *
 *   C1. A step instance is kept once, when it settles: as succeeded, or as unknown where an attempt
 *       began whose outcome nobody knows (abandoned, timed out, lost) and none succeeded.
 *   C2. What its compensation reads from outside is kept with it, for its scopes will have closed.
 *   C3. A saga that succeeds hands what it keeps to the saga around it; the order is that of
 *       completion in the journal.
 *   C4. A step without `compensate` costs nothing; one with it costs its references.
 */
import type { StepError } from "#errors/step-error.ts";
import type { CapturedStep, Compensable } from "./compensable.ts";
import { ownField } from "./own-field.ts";
import type { SagaControl } from "./scopes/control.ts";
import {
  isSettled,
  type RunState,
  type ScopeInstance,
  type SettledStatus,
  type StepInstance,
} from "./state.ts";
import type { ValueRef } from "./value-ref.ts";

/** Remembers `instance`, which is about to settle with `status`, if a saga around it may have to undo it. */
export function keepForSaga(
  state: RunState,
  instance: StepInstance,
  status: SettledStatus,
  output: ValueRef,
): void {
  const { compensate } = instance.step;
  if (compensate === null) return;
  const hasDone = status === "succeeded" && instance.live?.isRemembered !== true;
  const outcome = hasDone ? "succeeded" : isInDoubt(instance, status) ? "unknown" : null;
  if (outcome === null) return;
  const saga = sagaAround(instance.scope);
  if (saga === null) return;
  saga.compensables.push({
    path: instance.path,
    scope: compensate.index,
    seq: state.seq,
    outcome,
    output,
    ...captured(instance, compensate.captures?.locals, compensate.captures?.steps),
  });
}

/** Failures that say nothing about what the attempt did. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  "timeout",
  "heartbeat_timeout",
  "aborted",
  "host_lost",
  "operator_failed",
]);

/** Whether an attempt that ends with `error` (null: by no answer of its own) leaves open what it did. */
export function leavesDoubt(instance: StepInstance, error: StepError | null): boolean {
  if (instance.step.isExact) return false;
  if (instance.status === "running")
    return instance.live?.cancelling != null || error === null || NO_ANSWER.has(error.code);
  // A child that goes on without its parent may do anything yet.
  const wait = instance.status === "awaiting" ? (instance.live?.wait ?? null) : null;
  return wait?.kind === "child" && wait.onParentEnd === "abandon";
}

function isInDoubt(instance: StepInstance, status: SettledStatus): boolean {
  // The error of an attempt before this one says nothing of it.
  const error = status === "failed" ? instance.error : null;
  return instance.live?.inDoubt === true || leavesDoubt(instance, error);
}

/** C3. */
export function handOver(instance: StepInstance): void {
  const control = instance.live?.control;
  if (control?.kind !== "saga" || control.compensables.length === 0) return;
  const outer = sagaAround(instance.scope);
  if (outer === null) return;
  for (const compensable of control.compensables) outer.compensables.push(compensable);
}

/** The saga that undoes what happens in `scope`; null: none, or what happens there undoes itself. */
function sagaAround(scope: ScopeInstance): SagaControl | null {
  for (let owner = scope.owner; owner !== null; owner = owner.scope.owner) {
    const control = owner.live?.control;
    if (control?.kind === "saga") return scope.plan.captures === null ? control : null;
    scope = owner.scope;
  }
  return null;
}

/** C2. */
function captured(
  instance: StepInstance,
  locals: ReadonlySet<string> = NO_NAMES,
  steps: ReadonlyMap<string, ReadonlySet<string>> = NO_STEPS,
): Pick<Compensable, "locals" | "steps"> {
  return {
    ...(locals.size === 0 ? {} : { locals: captureLocals(instance.scope, locals) }),
    ...(steps.size === 0 ? {} : { steps: captureSteps(instance.scope, steps) }),
  };
}
const NO_NAMES: ReadonlySet<string> = new Set();
const NO_STEPS: ReadonlyMap<string, ReadonlySet<string>> = new Map();

function captureLocals(scope: ScopeInstance, names: ReadonlySet<string>): Record<string, ValueRef> {
  const refs: Record<string, ValueRef> = {};
  for (let at: ScopeInstance | null = scope; at !== null; at = at.parent)
    for (const [local, ref] of Object.entries(at.locals)) {
      const name = local.startsWith("carry.") ? "carry" : local;
      if (names.has(name) && !Object.hasOwn(refs, local)) refs[local] = ref;
    }
  return refs;
}

function captureSteps(
  scope: ScopeInstance,
  reads: ReadonlyMap<string, ReadonlySet<string>>,
): Record<string, CapturedStep> {
  const steps: Record<string, CapturedStep> = {};
  for (const [id, fields] of reads) {
    const step = findStep(scope, id);
    if (step === null || !isSettled(step.status)) continue;
    const all = fields.size === 0;
    steps[id] = {
      status: step.status,
      attempt: step.attempt,
      output: all || fields.has("output") ? step.output : { v: null },
      error: all || fields.has("error") ? step.error : null,
    };
  }
  return steps;
}

/** What `steps.<id>` means inside `scope`: the nearest outer scope that holds the id, or kept it. */
export function findStep(
  scope: ScopeInstance | null,
  id: string,
): StepInstance | CapturedStep | null {
  for (let at = scope; at !== null; at = at.parent) {
    const position = at.positions.get(id);
    if (position !== undefined) return at.steps[position] ?? null;
    const kept = ownField(at.captured, id);
    if (kept !== undefined) return kept;
  }
  return null;
}
