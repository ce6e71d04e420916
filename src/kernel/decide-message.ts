/** Messages from people and other runs: signals and decisions on approvals. */
import { SIGNALS_MAX } from "./decision.ts";
import type { Input } from "./inputs.ts";
import { canFail, fail, guarded, succeed } from "./outcome.ts";
import { readValue } from "./read-scope.ts";
import { type StepInstance, signalKey } from "./state.ts";
import { emit, type Turn } from "./turn.ts";
import { NOT_LOADED } from "./value-ref.ts";

/** Buffers the signal; a wait takes it from the agenda. Checked here already where a wait is open. */
export function decideSignal(turn: Turn, input: Extract<Input, { readonly kind: "signal" }>): void {
  const { state } = turn;
  if (state.signalIds.has(input.id)) {
    turn.applied = false;
    return;
  }
  const key = signalKey(input.name, input.key);
  const waiting = state.signalWaits.get(key)?.[0];
  // What an open wait takes at once stays unread for no time: others must not keep it out.
  const isTaken = waiting !== undefined && !state.signals.has(key);
  if (state.signalCount >= SIGNALS_MAX && !isTaken) {
    turn.refusal = {
      code: "signals_full",
      message: `Run ${state.runId} has ${SIGNALS_MAX} unread signals; it takes more once some are read.`,
    };
    return;
  }
  const misfit = waiting === undefined ? null : misfitOf(turn, waiting, "schema", input.payload);
  if (misfit === "unknown") return;
  emit(turn, {
    type: "signal.received",
    id: input.id,
    name: input.name,
    key: input.key,
    payload: input.payload,
    by: input.by,
  });
  if (misfit === null) return;
  emit(turn, { type: "signal.unconsumed", id: input.id, reason: `does not fit: ${misfit}` });
  turn.refusal = {
    code: "signal_invalid",
    message: `Signal "${input.name}" does not fit the schema of "${waiting?.path}": ${misfit}`,
  };
}

/** What does not fit, null when all does, "unknown" while the step's configuration is not loaded. */
function misfitOf(
  turn: Turn,
  instance: StepInstance,
  field: "schema" | "form",
  value: unknown,
): string | null {
  const config = guarded(() => readValue(turn, instance.live?.input ?? { v: null }));
  // A lost configuration is the step's fault, not the caller's: see matchSignal.
  if (!config.ok) return null;
  if (config.value === NOT_LOADED) return "unknown";
  const schema = (config.value as Readonly<Record<string, unknown>> | null)?.[field];
  return schema === undefined ? null : turn.world.validate(schema, value);
}

/** A decision is journaled as a signal to the step, so that who and why stand there. */
export function decideApproval(
  turn: Turn,
  input: Extract<Input, { readonly kind: "approval" }>,
): void {
  const { state } = turn;
  const instance = state.steps.get(input.path);
  const wait = instance?.live?.wait ?? null;
  if (instance === undefined || instance.status !== "awaiting" || wait?.kind !== "approval") {
    turn.refusal = {
      code: instance === undefined ? "step_not_found" : "not_waiting",
      message: `Run ${state.runId} has no open approval at "${input.path}".`,
    };
    return;
  }
  const misfit = input.approved ? misfitOf(turn, instance, "form", input.form ?? {}) : null;
  if (misfit === "unknown") return;
  if (misfit !== null) {
    turn.refusal = {
      code: "signal_invalid",
      message: `The form of "${input.path}" does not fit: ${misfit}`,
    };
    return;
  }
  const fails = !input.approved && !instance.step.portsUsed.has("rejected");
  if (fails && !canFail(turn, instance)) return;
  let id = `approval:${input.path}#${instance.attempt}`;
  // Callers choose the ids of signals: one of them may be this.
  while (state.signalIds.has(id)) id += "+";
  const { approved, comment, form, by } = input;
  const payload = { approved, by, comment, form: form ?? null };
  emit(turn, { type: "signal.received", id, name: "approval", key: input.path, payload, by });
  emit(turn, { type: "signal.consumed", id, path: input.path });
  if (approved) return succeed(turn, instance, { output: payload, port: "approved" });
  if (!fails) return succeed(turn, instance, { output: payload, port: "rejected" });
  fail(turn, instance, {
    code: "approval_rejected",
    message: `"${input.path}" was rejected by ${by}${comment === null ? "." : `: ${comment}`}`,
    retryable: false,
    details: payload,
  });
}
