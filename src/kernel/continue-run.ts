/**
 * `workflow.continue`: a run ends and a successor of the same workflow takes over, with new input
 * and what the run had not read yet. For work that never ends, whose journal must.
 *
 *     step -> run.continue_requested -> (the rest stops, `finally` runs) -> run.continued
 *                                                                              | continue_start
 *                                                                              v
 *                                                                    run.queued { continued }
 *
 *   N1. The successor's id follows from the run's, and the message that starts it is durable with
 *       run.continued: it starts exactly once.
 *   N2. Signals that nobody has read are the successor's, in the order in which they came, and a
 *       signal that the chain has received is not applied again.
 *   N3. A cancel before run.continued ends the chain.
 */

import { stopScope } from "./cancel-step.ts";
import { SIGNAL_IDS_CARRIED } from "./decision.ts";
import { messageId, successorRunId } from "./derive-id.ts";
import { endRun } from "./end-run.ts";
import type { Carried } from "./inputs.ts";
import { fail, guarded, succeed } from "./outcome.ts";
import { readValue } from "./read-scope.ts";
import type { Continued } from "./run-links.ts";
import type { BufferedSignal, StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";
import { NOT_LOADED } from "./value-ref.ts";

interface ContinueConfig {
  readonly input?: unknown;
  readonly version?: "latest";
}

/** The step: asks the run to end. False: values are missing. */
export function requestContinue(
  turn: Turn,
  instance: StepInstance,
  { input, version }: ContinueConfig,
): boolean {
  const { state } = turn;
  const schema = state.plan.definition.input;
  // Of another version the engine knows the schema.
  const misfit =
    schema === undefined || input === undefined || version !== undefined
      ? null
      : turn.world.validate(schema, input);
  if (misfit !== null)
    return fail(turn, instance, {
      code: "validation_failed",
      message: `"${instance.path}" would continue with an input that does not fit the workflow: ${misfit}`,
      retryable: false,
    });
  succeed(turn, instance, {});
  if (state.ending === null)
    emit(turn, {
      type: "run.continue_requested",
      path: instance.path,
      ...(input === undefined ? { inputRef: state.input } : { input }),
      ...(version === undefined ? {} : { latest: true as const }),
    });
  stopScope(turn, instance.scope);
  return true;
}

/** Ends the run in favour of its successor. False: values are missing. */
export function continueRun(turn: Turn): boolean {
  const { state } = turn;
  const handed = guarded(() => loadHanded(turn));
  if (!handed.ok)
    return endRun(turn, { type: "run.failed", error: handed.error, path: state.ending?.by ?? "" });
  if (handed.value === null) return false;
  const { runId, parent, workflow, version, labels, priority, pins } = state;
  const toRunId = successorRunId(runId);
  const chainId = state.chainId ?? runId;
  turn.sends.push({
    kind: "continue_start",
    id: messageId(runId, "", 1, "continue_start"),
    toRunId,
    workflow,
    version: state.continuing?.latest === true ? null : version,
    input: handed.value.input,
    ...{ labels, priority, parent },
    ...(pins === null || state.continuing?.latest === true ? {} : { pins }),
    continued: {
      fromRunId: runId,
      chainId,
      signalIds: [...state.signalIds].slice(-SIGNAL_IDS_CARRIED),
      signals: handed.value.signals,
    },
  });
  if (parent !== null)
    turn.sends.push({
      kind: "child_continued",
      id: messageId(runId, parent.path, 1, "child_continued"),
      toRunId: parent.runId,
      path: parent.path,
      runId,
      byRunId: toRunId,
      chainId,
    });
  return endRun(turn, { type: "run.continued", toRunId, chainId });
}

/** null: values are missing. */
function loadHanded(
  turn: Turn,
): { readonly input: unknown; readonly signals: Carried["signals"] } | null {
  const { state } = turn;
  const input = readValue(turn, state.continuing?.input ?? { v: null });
  const buffered: BufferedSignal[] = [...state.signals.values()].flat();
  buffered.sort((left, right) => left.seq - right.seq);
  const signals = buffered.map(({ id, name, key, payload, by }) => ({
    ...{ id, name, key, by },
    payload: readValue(turn, payload),
  }));
  const isMissing = input === NOT_LOADED || signals.some(({ payload }) => payload === NOT_LOADED);
  return isMissing ? null : { input, signals };
}

/** The event's part of what a successor was handed. */
export function continuedOf({ fromRunId, chainId, signalIds }: Carried): Continued {
  return { fromRunId, chainId, signalIds };
}

/** The successor takes over what was unread, or fails with what keeps it from running. */
export function takeCarried(turn: Turn, { signals, fault }: Carried): void {
  for (const { id, name, key, payload, by } of signals)
    emit(turn, { type: "signal.received", id, name, key, payload, by });
  if (fault !== null) endRun(turn, { type: "run.failed", error: fault, path: "input" });
}
