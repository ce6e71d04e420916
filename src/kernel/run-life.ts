/**
 * The run as a whole: its start, what ends it, `finally`, its outcome.
 *
 *     queued -> admitted -> steps -> (finally) -> done
 *
 * R1. A terminal run never changes; its last event is run.succeeded, run.failed or run.cancelled.
 * R2. `finally` runs once the root has closed, however it closed, but not after terminate.
 */
import type { StepError } from "#errors/step-error.ts";
import type { Json } from "#workflow/json.ts";
import { cancelChild } from "./cancel-step.ts";
import { messageId } from "./derive-id.ts";
import { guarded } from "./outcome.ts";
import { readScope, readValue } from "./read-scope.ts";
import type { RunState } from "./state.ts";
import { emit, type Turn } from "./turn.ts";
import { NOT_LOADED, type ValueRef } from "./value-ref.ts";

/** False: values are missing. */
export function advanceRun(turn: Turn): boolean {
  const { state } = turn;
  if (state.phase === "admitted") return startRun(turn);
  if (state.phase === "queued") return endRun(turn, cancelledBy(state));
  if (state.body === null) {
    emit(turn, {
      type: "scope.cancel_requested",
      path: "",
      reason: state.ending?.reason ?? "cancel",
    });
    return true;
  }
  if (state.phase === "steps" && state.plan.finally !== null) {
    emit(turn, { type: "scope.opened", path: "finally", slot: "finally" });
    return true;
  }
  return finishRun(turn);
}

function startRun(turn: Turn): boolean {
  const { state } = turn;
  const { vars, deadlineMs } = state.plan;
  const values = guarded(() => {
    if (vars === null) return {};
    const names = readScope(turn, null, vars.reads);
    return names === null
      ? null
      : (vars.evaluate(names, { seed: `${state.runId}/vars` }) as Record<string, Json>);
  });
  if (values.ok && values.value === null) return false;
  emit(turn, {
    type: "run.started",
    ...(deadlineMs === null ? {} : { deadlineAtMs: turn.world.nowMs + deadlineMs }),
  });
  if (!values.ok) return endRun(turn, { type: "run.failed", error: values.error, path: "vars" });
  for (const [name, value] of Object.entries(values.value ?? {}))
    emit(turn, { type: "variable.set", name, value });
  emit(turn, { type: "scope.opened", path: "", slot: "" });
  return true;
}

type EndEvent =
  | { readonly type: "run.succeeded"; readonly output?: unknown; readonly outputRef?: ValueRef }
  | { readonly type: "run.failed"; readonly error: StepError; readonly path?: string }
  | {
      readonly type: "run.cancelled";
      readonly by?: string;
      readonly reason?: string;
      readonly terminated?: true;
    };

function cancelledBy(state: RunState): EndEvent {
  const { ending } = state;
  return {
    type: "run.cancelled",
    ...(ending === null ? {} : { by: ending.by }),
    ...(ending?.text ? { reason: ending.text } : {}),
  };
}

function finishRun(turn: Turn): boolean {
  const { state } = turn;
  const { ending, body, cleanup } = state;
  if (ending?.reason === "cancel") return endRun(turn, cancelledBy(state));
  if (ending?.reason === "deadline")
    return endRun(turn, {
      type: "run.failed",
      error: {
        code: "deadline_exceeded",
        message: `The run took longer than its deadline of ${state.plan.deadlineMs} ms.`,
        retryable: false,
      },
    });
  if (body?.outcome === "failed" && body.error !== null && ending === null)
    return endRun(turn, failedBy(body.error, body.path));
  if (cleanup !== null) return endRun(turn, failedBy(cleanup.error, cleanup.path));
  if (ending?.reason === "stop")
    return endRun(turn, { type: "run.succeeded", outputRef: state.stopOutput ?? { v: null } });
  return succeedRun(turn);
}

function failedBy(error: StepError, path: string | null): EndEvent {
  return { type: "run.failed", error, ...(path === null ? {} : { path }) };
}

function succeedRun(turn: Turn): boolean {
  const { state } = turn;
  const template = state.plan.output;
  if (template === null) return endRun(turn, { type: "run.succeeded", outputRef: state.output });
  const output = guarded(() => {
    const names = readScope(turn, null, template.reads);
    return names === null
      ? null
      : { value: template.evaluate(names, { seed: `${state.runId}/output` }) };
  });
  if (!output.ok) return endRun(turn, failedBy(output.error, "output"));
  if (output.value === null) return false;
  return endRun(turn, { type: "run.succeeded", output: output.value.value });
}

/** Journals what stays unread, ends the run and tells its parent. False: the output must be loaded for the parent. */
export function endRun(turn: Turn, event: EndEvent): boolean {
  const { state } = turn;
  const told =
    state.parent === null || !state.parent.wait ? { output: null } : outputForParent(turn, event);
  if (told === null) return false;
  for (const buffered of [...state.signals.values()].flat())
    emit(turn, { type: "signal.unconsumed", id: buffered.id, reason: "the run ended" });
  for (const { runId, path } of state.unwaited) cancelChild(turn, runId, path);
  emit(turn, event);
  if (state.parent?.wait)
    turn.sends.push({
      kind: "child_end",
      id: messageId(state.runId, state.parent.path, 1, "child_end"),
      toRunId: state.parent.runId,
      path: state.parent.path,
      runId: state.runId,
      status: state.terminal ?? "failed",
      output: told.output,
      error: event.type === "run.failed" ? event.error : null,
    });
  return true;
}

function outputForParent(turn: Turn, event: EndEvent): { readonly output: unknown } | null {
  if (event.type !== "run.succeeded") return { output: null };
  if (event.outputRef === undefined) return { output: event.output ?? null };
  const ref = event.outputRef;
  const value = guarded(() => readValue(turn, ref));
  if (!value.ok) return { output: null };
  return value.value === NOT_LOADED ? null : { output: value.value };
}
