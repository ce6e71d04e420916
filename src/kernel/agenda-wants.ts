/**
 * Which items of the agenda can go on: questions to the state, asked by the fold as well as by
 * decide(), so that a replayed journal leaves the very same agenda. One thing is in no event: that a
 * step is being computed off the turn. Deciding passes such steps over; a fold, and whoever goes on
 * from a checkpoint, has them where they are begun again: before what came after them.
 */
import { innerToCancel, SCOPE_WANTS } from "./scopes/wants.ts";
import {
  type AgendaItem,
  isSettled,
  type RunState,
  type ScopeInstance,
  type StepInstance,
} from "./state.ts";

/** Whether the agenda holds anything that wants to go on; drops what does not (S2). */
export function agendaWants(state: RunState): boolean {
  if (state.terminal !== null || state.pausedAtMs !== null) return false;
  for (; state.agendaHead < state.agenda.length; state.agendaHead++) {
    const item = state.agenda[state.agendaHead];
    if (item === undefined) continue;
    if (itemWants(state, item)) {
      dropDone(state);
      return true;
    }
    unlist(state, item);
  }
  // A short list stays as it is, done to its end: a new one would have to grow again.
  if (state.agenda.length >= SHORT_MAX) {
    state.agenda = [];
    state.agendaHead = 0;
  }
  return false;
}

/** Of a run that always has more to do (a loop of pure steps) what is done must not pile up. */
function dropDone(state: RunState): void {
  if (state.agendaHead < DONE_MAX || state.agendaHead * 2 < state.agenda.length) return;
  state.agenda = state.agenda.slice(state.agendaHead);
  state.agendaHead = 0;
}
const DONE_MAX = 1_024;
const SHORT_MAX = 64;

function unlist(state: RunState, item: AgendaItem): void {
  if (item === "run") state.runListed = false;
  else if ("listed" in item) item.listed = false;
}

export function itemWants(state: RunState, item: AgendaItem): boolean {
  if (item === "run") return runWants(state);
  if ("signalKey" in item)
    return state.signals.has(item.signalKey) && state.signalWaits.has(item.signalKey);
  return "step" in item ? stepWants(item) : scopeWants(item);
}

function stepWants(instance: StepInstance): boolean {
  const { live } = instance;
  if (live === null || live.computing) return false;
  switch (instance.status) {
    case "ready":
      return true;
    case "retrying":
    case "awaiting":
      return live.fired && live.cancelling === null;
    case "open":
      return live.cancelling !== null
        ? live.scopes.size === 0 || innerToCancel(instance) !== null
        : (SCOPE_WANTS.get(instance.step.kind)?.(instance) ?? false);
    default:
      return false;
  }
}

function scopeWants(scope: ScopeInstance): boolean {
  if (scope.closed) return false;
  if (scope.unsettled === 0) return scope.sealed;
  if (scope.cancelling !== null) return nextToCancel(scope) !== null;
  return scope.endsEarly && scope.firstFailure !== null;
}

/** The next step of `scope` that has not been told to stop; null when all have. Moves the scope's cursor. */
export function nextToCancel(scope: ScopeInstance): StepInstance | null {
  for (; scope.cancelCursor < scope.steps.length; scope.cancelCursor++) {
    const instance = scope.steps[scope.cancelCursor];
    if (instance === undefined || isSettled(instance.status)) continue;
    const told = instance.live?.cancelling?.reason ?? null;
    const mustHearAgain = scope.cancelling === "cleanup" && instance.status === "open";
    if (told === null || (mustHearAgain && told !== "cleanup")) return instance;
  }
  return null;
}

/** Whether the run itself, not one of its scopes, has something to do. */
function runWants(state: RunState): boolean {
  if (state.terminal !== null) return false;
  if (state.phase === "admitted") return true;
  if (state.phase === "queued") return state.ending !== null;
  if (state.ending !== null && state.body === null && state.root?.cancelling === null) return true;
  if (state.phase === "steps") return state.body !== null;
  return state.phase === "finally" && !state.scopes.has("finally");
}
