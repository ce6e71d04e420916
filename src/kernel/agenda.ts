/**
 * What the run can do by itself, one item after another, until the agenda is empty, a value is
 * missing, or the turn is spent.
 *
 * A1. An item that wants something emits at least one event, or notes what it needs, or is
 *     computed off the turn; anything else is a fault, never an endless loop.
 * A2. A paused run does nothing by itself; cancel ends the pause first.
 */

import { agendaWants, nextToCancel } from "./agenda-wants.ts";
import { beginKindAgain, beginStep } from "./begin-step.ts";
import { cancelStep } from "./cancel-step.ts";
import { closeScope } from "./close-scope.ts";
import { endCancelled } from "./end-cancelled.ts";
import { fail, guarded, succeed } from "./outcome.ts";
import { readValue } from "./read-scope.ts";
import { advanceRun } from "./run-life.ts";
import { SCOPE_KINDS } from "./scopes/kinds.ts";
import { innerToCancel } from "./scopes/wants.ts";
import type { AgendaItem, ScopeInstance, StepInstance } from "./state.ts";
import { emit, isSpent, type Turn } from "./turn.ts";
import { NOT_LOADED } from "./value-ref.ts";

/** Works the agenda off. */
export function advance(turn: Turn): void {
  const { state } = turn;
  while (agendaWants(state)) {
    if (isSpent(turn) && turn.events.length > 0) return;
    const item = state.agenda[state.agendaHead];
    if (item === undefined) return;
    const before = turn.events.length;
    const computing = turn.compute.length;
    act(turn, item);
    if (turn.needs.length > 0) return;
    if (turn.events.length === before && turn.compute.length === computing)
      throw new Error(`the agenda of run ${state.runId} makes no progress at ${describe(item)}`);
  }
}

function describe(item: AgendaItem): string {
  if (item === "run") return "the run";
  if ("signalKey" in item) return `signals "${item.signalKey}"`;
  return "step" in item ? `step "${item.path}" (${item.status})` : `scope "${item.path}"`;
}

function act(turn: Turn, item: AgendaItem): void {
  if (item === "run") advanceRun(turn);
  else if ("signalKey" in item) matchSignal(turn, item.signalKey);
  else if ("step" in item) actStep(turn, item);
  else actScope(turn, item);
}

function actStep(turn: Turn, instance: StepInstance): void {
  switch (instance.status) {
    case "ready":
      beginStep(turn, instance);
      return;
    case "retrying":
      return tryAgain(turn, instance);
    case "awaiting":
      return expire(turn, instance);
    default:
      return actOpen(turn, instance);
  }
}

function actOpen(turn: Turn, instance: StepInstance): void {
  const kind = SCOPE_KINDS.get(instance.step.kind);
  const cancelling = instance.live?.cancelling ?? null;
  if (cancelling === null) {
    kind?.advance(turn, instance);
    return;
  }
  const inner = innerToCancel(instance);
  if (inner !== null) {
    emit(turn, { type: "scope.cancel_requested", path: inner.path, reason: cancelling.reason });
    return;
  }
  if (cancelling.reason !== "cleanup" && kind?.wantsCleanup(instance) === true) {
    kind.advance(turn, instance);
    return;
  }
  endCancelled(turn, instance);
}

function tryAgain(turn: Turn, instance: StepInstance): void {
  if (instance.step.kind !== "effect") {
    beginKindAgain(turn, instance);
    return;
  }
  emit(turn, { type: "step.scheduled", path: instance.path, attempt: instance.attempt });
}

/** The wait's time has come: a timer's success, a signal's or an approval's expiry. */
function expire(turn: Turn, instance: StepInstance): void {
  const wait = instance.live?.wait ?? null;
  if (wait === null || wait.kind === "child") return;
  if (wait.kind === "timer") return succeed(turn, instance, { output: null });
  if (instance.step.portsUsed.has("expired"))
    return succeed(turn, instance, { output: null, port: "expired" });
  const what =
    wait.kind === "signal"
      ? {
          code: "signal_expired",
          message: `No signal "${wait.name}" came in time for "${instance.path}".`,
        }
      : { code: "approval_expired", message: `Nobody decided "${instance.path}" in time.` };
  fail(turn, instance, { ...what, retryable: false });
}

function actScope(turn: Turn, scope: ScopeInstance): void {
  if (scope.unsettled === 0) {
    closeScope(turn, scope);
    return;
  }
  if (scope.cancelling === null) {
    emit(turn, { type: "scope.cancel_requested", path: scope.path, reason: "fail_fast" });
    return;
  }
  const next = nextToCancel(scope);
  if (next !== null) cancelStep(turn, next, scope.cancelling);
}

/** Hands the oldest signal of this name and key to the wait that began first, if it fits its schema. */
function matchSignal(turn: Turn, key: string): void {
  const { state } = turn;
  const signal = state.signals.get(key)?.[0];
  const instance = state.signalWaits.get(key)?.[0];
  if (signal === undefined || instance === undefined) return;
  const config = guarded(() => readValue(turn, instance.live?.input ?? { v: null }));
  if (!config.ok) {
    fail(turn, instance, config.error, { mayRetry: false });
    return;
  }
  const loaded = guarded(() => readValue(turn, signal.payload));
  if (!loaded.ok) {
    emit(turn, { type: "signal.unconsumed", id: signal.id, reason: loaded.error.message });
    return;
  }
  const payload = loaded.value;
  if (config.value === NOT_LOADED || payload === NOT_LOADED) return;
  const schema = (config.value as { readonly schema?: unknown } | null)?.schema;
  const misfit = schema === undefined ? null : turn.world.validate(schema, payload);
  if (misfit !== null) {
    emit(turn, { type: "signal.unconsumed", id: signal.id, reason: `does not fit: ${misfit}` });
    return;
  }
  emit(turn, { type: "signal.consumed", id: signal.id, path: instance.path });
  succeed(turn, instance, { outputRef: signal.payload, port: "received" });
}
