/**
 * evolve(state, event): the fold. Applies one event in place; evaluates no expression and decides
 * nothing, so that replaying a journal anywhere gives the same state.
 *
 * E0. After each event the agenda's head is an item that can go on, so that replaying leaves the
 *     agenda that deciding left (but for steps that are being computed: see agenda-wants.ts).
 * E1. seq grows by one with each event; nowMs never goes back.
 * E2. An event about a scope or step that is not open is an error in the journal (internal fault),
 *     but for step.late_result, which is about the past.
 */
import { unreachable } from "#errors/errors.ts";
import { agendaWants } from "./agenda-wants.ts";
import { addDeclaredStep } from "./declared-step.ts";
import type { EventOf, RunEvent } from "./events.ts";
import { evolveStep } from "./evolve-step.ts";
import { dropScope, holdScope } from "./live.ts";
import { prioritize } from "./prioritize.ts";
import { queueRun } from "./queue-run.ts";
import { rememberSignal } from "./remember-signal.ts";
import { newScope } from "./scope-instance.ts";
import { scopeAround, scopePlan } from "./scope-plan.ts";
import { controlClosed, controlOpened } from "./scopes/fold.ts";
import { countEdge, wake } from "./settle.ts";
import {
  type EndingReason,
  isSettled,
  listRun,
  listScope,
  listStep,
  type RunState,
  type ScopeInstance,
  type StepInstance,
  signalKey,
} from "./state.ts";
import { touchStep } from "./step-effects.ts";
import { catches, closesAround } from "./unclean.ts";
import { NULL_REF, refOf, type ValueRef } from "./value-ref.ts";

/** Applies `event`, which has the sequence number `state.seq + 1` and the journal time `atMs`. */
export function evolve(state: RunState, event: RunEvent, atMs: number): void {
  state.seq++;
  if (atMs > state.nowMs) state.nowMs = atMs;
  apply(state, event);
  agendaWants(state);
}

function apply(state: RunState, event: RunEvent): void {
  switch (event.type) {
    case "run.queued":
    case "run.forked":
    case "run.admitted":
    case "run.started":
    case "run.paused":
    case "run.resumed":
    case "run.labelled":
    case "run.prioritized":
    case "run.cancel_requested":
    case "run.stop_requested":
    case "run.deadline_passed":
    case "run.continue_requested":
    case "run.continued":
    case "run.succeeded":
    case "run.failed":
    case "run.cancelled":
      return evolveRun(state, event);
    case "variable.set":
      if (event.deleted === true) delete state.vars[event.name];
      else state.vars[event.name] = refOf(event.value, state.seq, "value");
      return;
    case "scope.opened":
      return openScope(state, event);
    case "scope.sealed":
      return sealScope(state, scopeAt(state, event.path));
    case "scope.cancel_requested":
      return cancelScope(state, scopeAt(state, event.path), event.reason);
    case "scope.closed":
      return closeScope(state, event);
    case "step.declared":
      return declareStep(state, event);
    case "signal.received":
      return receiveSignal(state, event);
    case "signal.consumed":
    case "signal.unconsumed":
      return dropSignal(state, event.id);
    case "timer.fired":
      return fireTimer(state, event.key);
    case "step.late_result":
    case "state.applied":
    case "slot.granted":
    case "checkpoint.saved":
      return;
    case "step.memo_hit":
      return remember(stepAt(state, event.path));
    case "child.continued":
      return continueChild(state, event);
    default:
      return evolveStep(state, event, stepAt(state, event.path));
  }
}

type AboutRun = Extract<RunEvent, { readonly type: `run.${string}` }>;

function evolveRun(state: RunState, event: AboutRun): void {
  switch (event.type) {
    case "run.queued":
      return queueRun(state, event);
    case "run.forked":
      return;
    case "run.admitted":
      state.phase = "admitted";
      listRun(state);
      return;
    case "run.started":
      state.phase = "steps";
      state.startedAtMs = state.nowMs;
      state.deadlineAtMs = event.deadlineAtMs ?? null;
      return;
    case "run.paused":
      state.pausedAtMs = state.nowMs;
      state.pausedBy = { by: event.by, reason: event.reason ?? null };
      touchSteps(state);
      return;
    case "run.resumed":
      return resume(state);
    case "run.labelled":
      state.labels = event.labels;
      return;
    case "run.prioritized":
      return prioritize(state, event.priority);
    case "run.cancel_requested":
      end(state, "cancel", event.by, event.reason ?? null);
      state.cleanupAtMs = event.cleanupAtMs ?? null;
      return;
    case "run.stop_requested":
      state.stopOutput = refOf(event.output, state.seq, "output");
      return end(state, "stop", event.path, null);
    case "run.deadline_passed":
      end(state, "deadline", "", null);
      state.cleanupAtMs = event.cleanupAtMs ?? null;
      return;
    case "run.continue_requested":
      state.continuing = {
        input: event.inputRef ?? refOf(event.input, state.seq, "input"),
        latest: event.latest === true,
      };
      return end(state, "continue", event.path, null);
    case "run.continued":
      state.continuedTo = event.toRunId;
      return terminate(state, "succeeded");
    case "run.succeeded":
      state.output = event.outputRef ?? refOf(event.output, state.seq, "output");
      return terminate(state, "succeeded");
    case "run.failed":
      state.error = event.path === undefined ? event.error : { ...event.error, path: event.path };
      return terminate(state, "failed");
    case "run.cancelled":
      return terminate(state, "cancelled");
    default:
      return unreachable(event);
  }
}

/** Deadlines, and timeouts of what did not run on, move by the time that the run was paused. */
function resume(state: RunState): void {
  const pausedMs = state.nowMs - (state.pausedAtMs ?? state.nowMs);
  state.pausedAtMs = null;
  state.pausedBy = null;
  if (state.deadlineAtMs !== null) state.deadlineAtMs += pausedMs;
  for (const { live, status } of state.steps.values()) {
    if (live === null) continue;
    // What has not begun yet counts its deadline from here.
    if (status === "ready") live.readyAtMs += Math.min(pausedMs, state.nowMs - live.readyAtMs);
    if (live.deadlineAtMs !== null) live.deadlineAtMs += pausedMs;
    if (live.cleanupAtMs !== null) live.cleanupAtMs += pausedMs;
    if (live.timeoutAtMs !== null && status !== "running") live.timeoutAtMs += pausedMs;
  }
  touchSteps(state);
}

function touchSteps(state: RunState): void {
  for (const instance of state.steps.values()) touchStep(state, instance);
}

function end(state: RunState, reason: EndingReason, by: string, text: string | null): void {
  if (state.pausedAtMs !== null) resume(state);
  state.ending = { reason, by, text };
  listRun(state);
}

function terminate(state: RunState, outcome: "succeeded" | "failed" | "cancelled"): void {
  for (const instance of state.steps.values())
    if (instance.live !== null) touchStep(state, instance);
  state.terminal = outcome;
  state.phase = "done";
  state.endedAtMs = state.nowMs;
  state.active = 0;
  state.pausedAtMs = null;
  state.pausedBy = null;
  state.root = null;
  state.scopes.clear();
  state.steps.clear();
  state.agenda = [];
  state.agendaHead = 0;
  state.signals.clear();
  state.signalWaits.clear();
  state.resolutions = null;
  state.unhandled = null;
}

/** What another step did is not undone in the name of this one. */
function remember({ live }: StepInstance): void {
  if (live !== null) live.isRemembered = true;
}

/** Children that nobody waits for may have closed with their scope. */
function continueChild(
  state: RunState,
  { path, runId, toRunId }: EventOf<"child.continued">,
): void {
  const wait = state.steps.get(path)?.live?.wait;
  if (wait?.kind === "child") wait.runId = toRunId;
  for (const child of state.unwaited) if (child.runId === runId) child.runId = toRunId;
}

function openScope(state: RunState, event: EventOf<"scope.opened">): void {
  const { path, slot } = event;
  const owner = event.owner === undefined ? null : stepAt(state, event.owner);
  const scope = newScope(scopePlan(state, owner, slot), {
    path,
    owner,
    parent: scopeAround(state, { path, owner, slot }),
    slot,
    index: event.index ?? null,
    key: event.key ?? null,
    locals: event.locals ?? {},
    captured: event.steps ?? null,
  });
  if (event.path === "") state.root = scope;
  if (owner === null && event.path !== "") state.phase = "finally";
  state.scopes.set(scope.path, scope);
  for (const instance of scope.steps) state.steps.set(instance.path, instance);
  if (owner !== null) {
    if (owner.live !== null) {
      holdScope(owner.live, scope);
      owner.live.untold = null;
      if (event.cleanupAtMs !== undefined) {
        owner.live.cleanupAtMs = event.cleanupAtMs;
        touchStep(state, owner);
      }
    }
    if (state.unhandled !== null) catches(state, owner, slot);
    controlOpened(owner, scope);
    listStep(state, owner);
  }
  for (const instance of scope.steps) wake(state, instance);
  if (scope.unsettled === 0) listScope(state, scope);
}

function sealScope(state: RunState, scope: ScopeInstance): void {
  scope.sealed = true;
  listScope(state, scope);
}

function cancelScope(
  state: RunState,
  scope: ScopeInstance,
  reason: ScopeInstance["cancelling"],
): void {
  scope.cancelling = reason;
  scope.cancelCursor = 0;
  scope.sealed = true;
  listScope(state, scope);
}

function closeScope(state: RunState, event: EventOf<"scope.closed">): void {
  const scope = scopeAt(state, event.path);
  scope.closed = true;
  state.scopes.delete(scope.path);
  for (const instance of scope.steps) state.steps.delete(instance.path);
  const output: ValueRef =
    event.outputRef ??
    (event.output === undefined ? NULL_REF : refOf(event.output, state.seq, "output"));
  const outcome = {
    outcome: event.outcome,
    output,
    error: event.error ?? null,
    errorPath: event.errorPath ?? null,
  };
  const owner = scope.owner;
  if (event.error !== undefined || state.unhandled !== null) closesAround(state, scope, event);
  if (owner !== null) {
    if (owner.live !== null) dropScope(owner.live, scope);
    const carry =
      event.carry === undefined
        ? null
        : carryRefs(event.carry as Readonly<Record<string, unknown>>, state.seq);
    controlClosed(owner, scope, outcome, carry);
    listStep(state, owner);
    return;
  }
  if (scope.slot === "finally") {
    if (event.error !== undefined)
      state.cleanup = { error: event.error, path: event.errorPath ?? null };
  } else {
    state.body = {
      outcome: event.outcome,
      error: event.error ?? null,
      path: event.errorPath ?? null,
    };
    state.output = output;
  }
  listRun(state);
}

/** Carried values are read one by one; large ones by their field path in the event. */
function carryRefs(
  carry: Readonly<Record<string, unknown>>,
  seq: number,
): Record<string, ValueRef> {
  const refs: Record<string, ValueRef> = {};
  for (const [name, value] of Object.entries(carry))
    refs[name] = refOf(value, seq, `carry.${name}`);
  return refs;
}

function declareStep(state: RunState, event: EventOf<"step.declared">): void {
  const scope = scopeAt(state, event.scope);
  const instance = addDeclaredStep(scope, event.step);
  state.steps.set(instance.path, instance);
  for (const edge of instance.step.in) {
    const source = scope.steps[edge.from];
    if (source !== undefined && isSettled(source.status)) countEdge(state, source, instance, edge);
  }
  wake(state, instance);
}

function receiveSignal(state: RunState, event: EventOf<"signal.received">): void {
  const key = signalKey(event.name, event.key);
  const buffered = state.signals.get(key) ?? [];
  buffered.push({
    id: event.id,
    name: event.name,
    key: event.key,
    payload: refOf(event.payload, state.seq, "payload"),
    by: event.by,
    seq: state.seq,
  });
  state.signals.set(key, buffered);
  rememberSignal(state, event.id);
  state.signalCount++;
  state.agenda.push({ signalKey: key });
}

function dropSignal(state: RunState, id: string): void {
  for (const [key, buffered] of state.signals) {
    const at = buffered.findIndex((signal) => signal.id === id);
    if (at < 0) continue;
    buffered.splice(at, 1);
    state.signalCount--;
    if (buffered.length === 0) state.signals.delete(key);
    return;
  }
}

function fireTimer(state: RunState, key: string): void {
  const path = key.slice(key.indexOf(":") + 1).replace(/#\d+$/, "");
  const instance = key.startsWith("retry:")
    ? stepAt(state, path)
    : stepAt(state, key.slice(key.indexOf(":") + 1));
  if (instance.live === null) throw new Error(`timer ${key} fired for a settled step`);
  instance.live.fired = true;
  touchStep(state, instance);
  listStep(state, instance);
}

export function scopeAt(state: RunState, path: string): ScopeInstance {
  const scope = state.scopes.get(path);
  if (scope === undefined) throw new Error(`the journal names scope "${path}", which is not open`);
  return scope;
}

function stepAt(state: RunState, path: string): StepInstance {
  const instance = state.steps.get(path);
  if (instance === undefined)
    throw new Error(`the journal names step "${path}", which is not open`);
  return instance;
}
