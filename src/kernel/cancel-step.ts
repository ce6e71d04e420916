/** Telling one step to stop: at once where nothing runs, else by asking and waiting for the end. */

import { messageId } from "./derive-id.ts";
import type { Send } from "./effects.ts";
import type { CancelReason } from "./events.ts";
import type { ScopeInstance, StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

export function cancelStep(turn: Turn, instance: StepInstance, reason: CancelReason): void {
  const wait = instance.live?.wait ?? null;
  const isWorking = instance.status === "running" || instance.status === "open";
  const hasChild =
    instance.status === "awaiting" && wait?.kind === "child" && wait.onParentEnd === "cancel";
  if (!isWorking && !hasChild) {
    emit(turn, { type: "step.cancelled", path: instance.path });
    return;
  }
  emit(turn, { type: "step.cancel_requested", path: instance.path, reason });
  if (hasChild && wait?.kind === "child") cancelChild(turn, wait.runId, instance.path);
}

/**
 * The scope of a step that ends the run, also where another has ended it already: what stands behind
 * the step must not begin before the news has come down from the root. Cleaning up goes on, though.
 */
export function stopScope(turn: Turn, scope: ScopeInstance): void {
  const reason = turn.state.ending?.reason ?? "stop";
  for (let at: ScopeInstance | null = scope; at !== null; at = at.owner?.scope ?? null)
    if (at.slot === "finally" || at.plan.captures !== null) return;
  if (scope.cancelling === null)
    emit(turn, { type: "scope.cancel_requested", path: scope.path, reason });
}

/** Tells every child that ends with its parent; of a run that ends at once. */
export function cancelChildren(turn: Turn): void {
  for (const { path, live } of turn.state.steps.values()) {
    const wait = live?.wait ?? null;
    if (wait?.kind === "child" && wait.onParentEnd === "cancel")
      cancelChild(turn, wait.runId, path);
  }
}

export function cancelChild(turn: Turn, runId: string, path: string): void {
  turn.sends.push(cancelMessage(turn.state.runId, { runId, path }));
}

/** What tells a child of `parent`, started by the step at `path`, to stop. */
export function cancelMessage(
  parent: string,
  { runId, path }: { readonly runId: string; readonly path: string },
): Send {
  return {
    kind: "cancel",
    id: messageId(parent, path, 1, `cancel ${runId}`),
    toRunId: runId,
    fromRunId: parent,
    reason: `its parent ${parent} was told to stop`,
  };
}
