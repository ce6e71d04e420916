/**
 * The run as a whole: its start, what ends it, `finally`, its outcome.
 *
 *     queued -> admitted -> steps -> (finally) -> done
 *
 * R1. A terminal run never changes; its last event is run.succeeded, run.failed or run.cancelled.
 * R2. `finally` runs once the root has closed, however it closed, but not after terminate.
 */
import type { Json } from "#workflow/json.ts";
import { continueRun } from "./continue-run.ts";
import { type EndEvent, endRun, failedBy } from "./end-run.ts";
import { guarded } from "./outcome.ts";
import { readScope } from "./read-scope.ts";
import type { RunState } from "./state.ts";
import { emit, type Turn } from "./turn.ts";
import { uncleanOf } from "./unclean.ts";

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
  const unclean = uncleanOf(state);
  if (unclean !== null) return endRun(turn, failedBy(unclean.error, unclean.path));
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
  if (ending?.reason === "continue") return continueRun(turn);
  return succeedRun(turn);
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
