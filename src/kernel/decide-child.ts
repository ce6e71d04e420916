/**
 * What a child run tells its parent: that it has ended, or that a successor goes on in its place.
 * The end of a chain is known by the chain's id, so that it is understood whichever comes first.
 */

import { cancelChild } from "./cancel-step.ts";
import { endCancelled } from "./end-cancelled.ts";
import type { Input } from "./inputs.ts";
import { canFail, fail, succeed } from "./outcome.ts";
import { isResolved } from "./resolution.ts";
import type { ChildWait, StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

/** The step that waits for this child, or for the chain that it belongs to. */
function waiting(
  turn: Turn,
  child: { readonly path: string; readonly runId: string; readonly chainId?: string },
): { readonly instance: StepInstance; readonly wait: ChildWait } | null {
  const instance = turn.state.steps.get(child.path);
  const wait = instance?.live?.wait ?? null;
  if (instance === undefined || wait?.kind !== "child") return null;
  return wait.chainId === (child.chainId ?? child.runId) ? { instance, wait } : null;
}

export function takeChild(
  turn: Turn,
  input: Extract<Input, { readonly kind: "child_finished" }>,
): void {
  const found = waiting(turn, input);
  if (found === null) {
    turn.applied = false;
    return;
  }
  const { instance } = found;
  const goesOn = input.status === "succeeded" && !isResolved(turn, instance);
  if (!goesOn && !canFail(turn, instance)) return;
  emit(turn, {
    type: "child.finished",
    path: input.path,
    runId: input.runId,
    status: input.status,
    ...(input.error === null ? {} : { error: input.error }),
  });
  if (goesOn) return succeed(turn, instance, { output: input.output });
  if (instance.live?.cancelling) return void endCancelled(turn, instance);
  if (input.error?.code === "child_not_started") {
    fail(turn, instance, input.error);
    return;
  }
  fail(turn, instance, {
    code: input.status === "cancelled" ? "child_cancelled" : "child_failed",
    message: `Child run ${input.runId} ${input.status}${input.error === null ? "." : `: ${input.error.message}`}`,
    retryable: true,
    details: { runId: input.runId, error: input.error },
  });
}

export function takeChildContinued(
  turn: Turn,
  input: Extract<Input, { readonly kind: "child_continued" }>,
): void {
  const { path, runId, toRunId } = input;
  const found = waiting(turn, input);
  const isKnown = found?.wait.runId === runId;
  const isUnwaited = turn.state.unwaited.some((child) => child.runId === runId);
  if (!isKnown && !isUnwaited) {
    turn.applied = false;
    return;
  }
  emit(turn, { type: "child.continued", path, runId, toRunId });
  // It was told to stop by the name of the run that has ended.
  if (found?.instance.live?.cancelling != null && found.wait.onParentEnd === "cancel")
    cancelChild(turn, toRunId, path);
}
