/** Telling one step to stop: at once where nothing runs, else by asking and waiting for the end. */

import { messageId } from "./derive-id.ts";
import type { CancelReason } from "./events.ts";
import type { StepInstance } from "./state.ts";
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

export function cancelChild(turn: Turn, runId: string, path: string): void {
  turn.sends.push({
    kind: "cancel",
    id: messageId(turn.state.runId, path, 1, `cancel ${runId}`),
    toRunId: runId,
    fromRunId: turn.state.runId,
    reason: `its parent ${turn.state.runId} was told to stop`,
  });
}
