/**
 * The last event of a run: what stays unread is journaled before it, children that nobody waits for
 * are told, and so is a parent that waits. A chain (workflow.continue) ends for its parent when its
 * last run does.
 */
import type { StepError } from "#errors/step-error.ts";
import { cancelChild } from "./cancel-step.ts";
import { messageId } from "./derive-id.ts";
import type { EventOf } from "./events.ts";
import { guarded } from "./outcome.ts";
import { readValue } from "./read-scope.ts";
import { emit, type Turn } from "./turn.ts";
import { NOT_LOADED } from "./value-ref.ts";

export type EndEvent = EventOf<"run.succeeded" | "run.failed" | "run.cancelled" | "run.continued">;

export function failedBy(error: StepError, path: string | null): EndEvent {
  return { type: "run.failed", error, ...(path === null ? {} : { path }) };
}

/** Journals what stays unread, ends the run and tells its parent. False: the output must be loaded for the parent. */
export function endRun(turn: Turn, event: EndEvent): boolean {
  const { state } = turn;
  const told =
    state.parent === null || !state.parent.wait ? { output: null } : outputForParent(turn, event);
  if (told === null) return false;
  for (const buffered of [...state.signals.values()].flat())
    emit(turn, { type: "signal.unconsumed", id: buffered.id, reason: unreadBecause(event) });
  for (const { runId, path } of state.unwaited) cancelChild(turn, runId, path);
  emit(turn, event);
  // A chain ends for its parent when its last run does.
  if (state.parent?.wait && event.type !== "run.continued")
    turn.sends.push({
      kind: "child_end",
      id: messageId(state.runId, state.parent.path, 1, "child_end"),
      toRunId: state.parent.runId,
      path: state.parent.path,
      runId: state.runId,
      status: state.terminal ?? "failed",
      output: told.output,
      error: event.type === "run.failed" ? event.error : null,
      ...(state.chainId === null ? {} : { chainId: state.chainId }),
    });
  return true;
}

function unreadBecause(event: EndEvent): string {
  return event.type === "run.continued" ? `the run goes on as ${event.toRunId}` : "the run ended";
}

function outputForParent(turn: Turn, event: EndEvent): { readonly output: unknown } | null {
  if (event.type !== "run.succeeded") return { output: null };
  if (event.outputRef === undefined) return { output: event.output ?? null };
  const ref = event.outputRef;
  const value = guarded(() => readValue(turn, ref));
  if (!value.ok) return { output: null };
  return value.value === NOT_LOADED ? null : { output: value.value };
}
