/** What people and parents tell a run: pause, resume, cancel, terminate. Each is idempotent. */
import { unreachable } from "#errors/errors.ts";
import { cancelChildren } from "./cancel-step.ts";
import { runCleanupOf } from "./cut-off.ts";
import { endRun } from "./end-run.ts";
import type { Input } from "./inputs.ts";
import { emit, type Turn } from "./turn.ts";

type ControlInput = Extract<Input, { readonly kind: "pause" | "resume" | "cancel" | "terminate" }>;

export function decideControl(turn: Turn, input: ControlInput): void {
  const { kind, by, reason } = input;
  const { state } = turn;
  const why = { by, ...(reason === null ? {} : { reason }) };
  switch (kind) {
    case "pause":
      turn.applied = state.pausedAtMs === null && state.ending === null;
      if (turn.applied) emit(turn, { type: "run.paused", ...why });
      return;
    case "resume":
      turn.applied = state.pausedAtMs !== null;
      if (turn.applied) emit(turn, { type: "run.resumed", ...why });
      return;
    case "cancel":
      // A run that is about to continue takes its successor with it.
      turn.applied = state.ending === null || state.ending.reason === "continue";
      if (turn.applied) emit(turn, { type: "run.cancel_requested", ...why, ...runCleanupOf(turn) });
      return;
    case "terminate":
      cancelChildren(turn);
      endRun(turn, { type: "run.cancelled", ...why, terminated: true });
      return;
    default:
      return unreachable(kind);
  }
}
