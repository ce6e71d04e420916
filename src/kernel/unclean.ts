/**
 * Cleanups that failed: compensations, and what a cleanupTimeout cut off. Such a failure goes outwards
 * through the steps and scopes around it until somebody handles it; one that nobody handles decides
 * how the run ends, whatever else came of it.
 *
 *     step.failed -> its scope's failure, or beside it -> the owner -> ... -> handled
 *          |                                               |
 *          +-- told to stop, or the root has closed -------+------------> state.unclean
 *
 *   U1. No cancel, no other failure and no further attempt hides one.
 *   U2. Handled is what meets a catch that names its code, `onError` or the error port of a step
 *       around it, or a loop or `parallel` that succeeds although it failed there.
 *   U3. Where a step or scope was told to stop, nobody handles anything any more.
 *   U4. state.unhandled is null, and costs a comparison, in every run where none has failed.
 */
import { matchesCode, type StepError } from "#errors/step-error.ts";
import type { EventOf } from "./events.ts";
import { FAILURES_MAX } from "./scopes/control.ts";
import type { RunState, ScopeInstance, StepInstance, Unclean } from "./state.ts";

/** As one failure that lists all; null: everything is clean. */
export function uncleanOf({ unclean, body }: RunState): Unclean | null {
  const own =
    body !== null && body.error !== null && isCleanup(body.error)
      ? [{ error: body.error, path: body.path }]
      : [];
  const all = [...own.filter(({ error }) => !isListed(unclean, error)), ...unclean];
  const [first] = all;
  if (first === undefined || all.length === 1) return first ?? null;
  const failed = all.flatMap(failedIn);
  const isSaga = all.some(({ error }) => error.code === "compensation_failed");
  return {
    error: {
      code: isSaga ? "compensation_failed" : "cleanup_timeout",
      message: `${all.length} steps could not be cleaned up; the first: ${first.error.message}`,
      retryable: false,
      details: { failed: failed.slice(0, FAILURES_MAX), count: failed.length },
    },
    path: first.path,
  };
}

/** All that failed so far and that nobody has handled, of a run that ends here. */
export function failedCleanups(state: RunState): readonly Unclean[] {
  const { unclean, unhandled, body, scopes, steps } = state;
  const all = [...unclean];
  const add = (error: StepError | null | undefined, path: string | null): void => {
    if (error != null && isCleanup(error) && !isListed(unclean, error)) all.push({ error, path });
  };
  add(body?.error, body?.path ?? null);
  // The first one of a scope is what the scope itself will fail with, once it closes.
  for (const { firstFailure } of scopes.values())
    add(firstFailure?.error, firstFailure?.path ?? null);
  // What a saga could not undo so far: it would have said so at its end.
  for (const { live } of steps.values())
    if (live?.control?.kind === "saga") all.push(...live.control.failures);
  all.push(...Object.values(unhandled ?? {}).flat());
  return all.slice(0, FAILURES_MAX);
}

/** What a saga lists, or the step itself. */
function failedIn({ error, path }: Unclean): readonly unknown[] {
  const { code, message } = error;
  const details = error.details as { readonly failed?: readonly unknown[] } | undefined;
  return details?.failed ?? [{ path, error: { code, message } }];
}

/** A step with scopes has failed, and its scope knows. */
export function cleanupFailed(
  state: RunState,
  { scope, path, handled }: StepInstance,
  error: StepError,
): void {
  if (!isCleanup(error)) return;
  const one = { error, path };
  if (scope.cancelling !== null) note(state, [one]);
  else if (handled === null && scope.firstFailure?.path !== path) goUp(state, scope, [one]);
}

type Settling = EventOf<
  "step.succeeded" | "step.failed" | "step.cancelled" | "step.skipped" | "step.retry_scheduled"
>;

/** A step settles, or tries again, in which cleanups have failed; called before it does. */
export function settlesAround(state: RunState, instance: StepInstance, event: Settling): void {
  const failures = take(state, stepKey(instance.path));
  if (failures.length === 0) return;
  const isStopped = (instance.live?.cancelling ?? null) !== null;
  const isPassedOn = event.type === "step.failed" && event.handled === undefined;
  const hidden = isPassedOn
    ? failures.filter(({ error }) => !isSame(error, event.error))
    : failures;
  if (isStopped || event.type === "step.cancelled" || event.type === "step.skipped")
    return note(state, hidden);
  if (event.type === "step.failed" && !isPassedOn) return;
  if (event.type === "step.succeeded" && isTolerant(instance)) return;
  goUp(state, instance.scope, hidden);
}

/** A scope has closed: what failed in it is now its owner's. */
export function closesAround(
  state: RunState,
  scope: ScopeInstance,
  { error, errorPath, path }: EventOf<"scope.closed">,
): void {
  const failures = [...take(state, scopeKey(scope.path))];
  // What a compensation fails with is listed by its saga.
  const isOwn = error !== undefined && isCleanup(error) && scope.plan.captures === null;
  const isBody = scope.owner === null && scope.slot !== "finally";
  if (isOwn && !isBody && !isListed(state.unclean, error))
    failures.push({ error, path: errorPath ?? path });
  if (scope.owner === null) note(state, failures);
  else put(state, stepKey(scope.owner.path), failures);
}

/** A catch opens: what it names is handled. */
export function catches(state: RunState, { step, path }: StepInstance, slot: string): void {
  const clause = step.catches.find((one) => one.slot === slot);
  if (clause === undefined) return;
  const { errors } = clause;
  const others = take(state, stepKey(path)).filter(
    ({ error }) => errors != null && !errors.some((pattern) => matchesCode(pattern, error.code)),
  );
  put(state, stepKey(path), others);
}

function isCleanup({ code }: StepError): boolean {
  return code === "compensation_failed" || code === "cleanup_timeout";
}

/** `outer` is `inner` on its way outwards: a loop adds to its message which item it was. */
function isSame(inner: StepError, outer: StepError): boolean {
  return inner.code === outer.code && outer.message.startsWith(inner.message);
}

function isListed(unclean: readonly Unclean[], error: StepError): boolean {
  return unclean.some((one) => isSame(one.error, error));
}

/** Whether it may succeed although something in it has failed. */
function isTolerant({ step }: StepInstance): boolean {
  return step.kind === "parallel" || step.kind === "for_each";
}

function note(state: RunState, failures: readonly Unclean[]): void {
  for (const failure of failures)
    if (state.unclean.length < FAILURES_MAX && !isListed(state.unclean, failure.error))
      state.unclean.push(failure);
}

function goUp(state: RunState, scope: ScopeInstance, failures: readonly Unclean[]): void {
  if (scope.cancelling !== null) note(state, failures);
  else put(state, scopeKey(scope.path), failures);
}

function stepKey(path: string): string {
  return `step ${path}`;
}

function scopeKey(path: string): string {
  return `scope ${path}`;
}

function put(state: RunState, key: string, failures: readonly Unclean[]): void {
  if (failures.length === 0) return;
  const before = state.unhandled?.[key] ?? [];
  state.unhandled = {
    ...state.unhandled,
    [key]: [...before, ...failures].slice(0, FAILURES_MAX),
  };
}

function take(state: RunState, key: string): readonly Unclean[] {
  const failures = state.unhandled?.[key];
  if (failures === undefined) return [];
  const { [key]: _, ...rest } = state.unhandled ?? {};
  state.unhandled = Object.keys(rest).length === 0 ? null : rest;
  return failures;
}
