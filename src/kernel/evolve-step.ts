/** The part of evolve() that changes one step instance. */
import { unreachable } from "#errors/errors.ts";
import { handOver, keepForSaga, leavesDoubt } from "./compensation.ts";
import type { EventOf, RunEvent, TimeLimits } from "./events.ts";
import type { StepGates } from "./gates.ts";
import { beatAfter, beatOnStart } from "./heartbeat.ts";
import { rememberSignal } from "./remember-signal.ts";
import { resolutionId, withResolution } from "./resolution-shape.ts";
import { controlStarted, controlStored } from "./scopes/fold.ts";
import { recordFailure, settle } from "./settle.ts";
import { type Live, listStep, type RunState, type StepInstance, signalKey } from "./state.ts";
import { touchStep } from "./step-effects.ts";
import { cleanupFailed, settlesAround } from "./unclean.ts";
import { NULL_REF, refOf, type ValueRef } from "./value-ref.ts";

type AboutStep = Exclude<
  Extract<RunEvent, { readonly path: string }>,
  | { readonly type: `scope.${string}` }
  | { readonly type: `run.${string}` }
  | {
      readonly type:
        | "step.declared"
        | "step.late_result"
        | "step.memo_hit"
        | "state.applied"
        | "signal.consumed"
        | "child.continued"
        | "slot.granted";
    }
>;

export function evolveStep(state: RunState, event: AboutStep, instance: StepInstance): void {
  switch (event.type) {
    case "step.succeeded":
      if (state.unhandled !== null) settlesAround(state, instance, event);
      // A remembered result: the attempt that was asked for is not made.
      if (instance.status === "scheduled") instance.attempt--;
      instance.output = event.outputRef ?? outputOf(event.output, state.seq);
      instance.error = null;
      instance.port = event.port ?? null;
      unlistWait(state, instance);
      if (instance.step.kind === "saga") handOver(instance);
      keepForSaga(state, instance, "succeeded", instance.output);
      return settle(state, instance, "succeeded");
    case "step.failed":
      if (state.unhandled !== null) settlesAround(state, instance, event);
      instance.error = event.error;
      instance.handled = event.handled ?? null;
      instance.output = outputOf(event.output, state.seq);
      unlistWait(state, instance);
      if (instance.handled === null)
        recordFailure(state, instance, event.error, event.ends === true);
      if (instance.live?.control != null) cleanupFailed(state, instance, event.error);
      keepForSaga(state, instance, "failed", NULL_REF);
      return settle(state, instance, "failed");
    case "step.skipped":
      if (state.unhandled !== null) settlesAround(state, instance, event);
      instance.skippedByIf = event.by !== "untaken";
      unlistWait(state, instance);
      keepForSaga(state, instance, "skipped", NULL_REF);
      return settle(state, instance, "skipped");
    case "step.resolved":
      return resolve(state, event, instance);
    case "step.blocked":
      return settle(state, instance, "blocked");
    case "step.cancelled":
      if (state.unhandled !== null) settlesAround(state, instance, event);
      unlistWait(state, instance);
      keepForSaga(state, instance, "cancelled", NULL_REF);
      return settle(state, instance, "cancelled");
    default:
      evolveLive(state, event, instance, liveOf(instance));
      return touchStep(state, instance);
  }
}

type AboutLiveStep = Exclude<
  AboutStep,
  {
    readonly type:
      | "step.succeeded"
      | "step.failed"
      | "step.skipped"
      | "step.resolved"
      | "step.blocked"
      | "step.cancelled";
  }
>;

function evolveLive(
  state: RunState,
  event: AboutLiveStep,
  instance: StepInstance,
  live: Live,
): void {
  switch (event.type) {
    case "step.scheduled":
      if (instance.status !== "scheduled") state.active++;
      instance.status = "scheduled";
      instance.attempt = event.attempt;
      live.fired = false;
      live.retryAtMs = null;
      live.scheduledAtMs = state.nowMs;
      if (event.input !== undefined) live.input = refOf(event.input, state.seq, "input");
      if (event.secrets !== undefined) live.secrets = event.secrets;
      if (event.connectionSecrets !== undefined) live.lent = event.connectionSecrets;
      if (event.memo !== undefined) live.memo = event.memo;
      live.gates = gatesOf(event) ?? live.gates;
      if (event.priority !== undefined) live.priority = event.priority;
      if (event.deadlineAtMs !== undefined) live.deadlineAtMs = event.deadlineAtMs;
      return;
    case "step.started":
      instance.attempt = event.attempt;
      live.timeoutAtMs = event.timeoutAtMs ?? null;
      if (event.deadlineAtMs !== undefined) live.deadlineAtMs = event.deadlineAtMs;
      if (event.control === undefined) {
        instance.status = "running";
        live.beat = beatOnStart(live.beat, instance.step.heartbeatTimeoutMs, state.nowMs);
        return;
      }
      instance.status = "open";
      live.fired = false;
      live.retryAtMs = null;
      live.control = controlStarted(instance, event.control);
      if (event.input !== undefined) live.input = refOf(event.input, state.seq, "input");
      return listStep(state, instance);
    case "step.waiting":
      beginAwaiting(instance, live, event);
      live.wait = event.for;
      live.input = refOf(event.input, state.seq, "input");
      if (event.deadlineAtMs !== undefined) live.deadlineAtMs = event.deadlineAtMs;
      if (event.for.kind === "signal") listWait(state, instance, event.for.name, event.for.key);
      return;
    case "step.retry_scheduled":
      if (state.unhandled !== null) settlesAround(state, instance, event);
      unlistWait(state, instance);
      if (instance.status === "scheduled" || instance.status === "running") state.active--;
      if (leavesDoubt(instance, event.error)) live.inDoubt = true;
      instance.status = "retrying";
      instance.attempt = event.attempt;
      instance.error = event.error;
      if (event.deadlineAtMs !== undefined) live.deadlineAtMs = event.deadlineAtMs;
      return beginRetrying(live, event.dueAtMs);
    case "step.cancel_requested":
      live.cancelling = { reason: event.reason, error: event.error ?? null };
      live.untold = null;
      if (instance.status === "open") listStep(state, instance);
      return;
    case "step.heartbeat":
      live.beat = beatAfter(live.beat, event, state);
      return;
    case "step.lost":
      // What calls nobody cannot have ended its host, and one that went on was not ended.
      if (!instance.step.isExact && event.hostLived !== true) live.lostInARow++;
      return askAgain(state, instance, live, event.attempt + 1);
    case "step.items_stored":
    case "step.results_stored":
      controlStored(instance, event, state.seq);
      return listStep(state, instance);
    case "child.started":
      return beginChild(state, instance, live, event);
    case "child.finished":
      return;
    default:
      return unreachable(event);
  }
}

/** What was decided is kept; a retry gives a running step its next attempt, and ends another's pause. */
function resolve(state: RunState, event: EventOf<"step.resolved">, instance: StepInstance): void {
  if (event.id !== undefined) rememberSignal(state, resolutionId(event.id));
  state.resolutions = withResolution(state.resolutions, event, state.seq);
  const { live } = instance;
  if (event.action !== "retry" || live === null) return;
  if (instance.status === "running") {
    live.lostInARow = 0;
    askAgain(state, instance, live, event.attempt ?? instance.attempt + 1);
  } else {
    live.fired = true;
    listStep(state, instance);
  }
  touchStep(state, instance);
}

/** What the event asks of admission; null: it says nothing of it (or is about a later attempt). */
function gatesOf(event: EventOf<"step.scheduled">): StepGates | null {
  const { concurrency, rateLimit, circuitBreaker } = event;
  if (concurrency === undefined && rateLimit === undefined && circuitBreaker === undefined)
    return null;
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(circuitBreaker === undefined ? {} : { circuitBreaker }),
  };
}

/** An attempt that ran is over without an outcome; the next one asks for its slot. */
function askAgain(state: RunState, instance: StepInstance, live: Live, attempt: number): void {
  instance.status = "scheduled";
  instance.attempt = attempt;
  if (!instance.step.isExact) live.inDoubt = true;
  live.timeoutAtMs = null;
  live.scheduledAtMs = state.nowMs;
}

/** Nothing of the failed attempt is kept but that it failed. */
function beginRetrying(live: Live, dueAtMs: number): void {
  live.failures++;
  live.lostInARow = 0;
  live.computing = false;
  live.fired = false;
  live.timeoutAtMs = null;
  live.retryAtMs = dueAtMs;
  live.cleanupAtMs = null;
  live.control = null;
  live.cancelling = null;
  live.wait = null;
}

function beginChild(
  state: RunState,
  instance: StepInstance,
  live: Live,
  event: EventOf<"child.started">,
): void {
  const { runId, onParentEnd } = event;
  beginAwaiting(instance, live, event);
  live.wait = { kind: "child", runId, chainId: runId, onParentEnd };
  live.input = refOf(event.input, state.seq, "input");
  if (event.deadlineAtMs !== undefined) live.deadlineAtMs = event.deadlineAtMs;
  if (!event.wait && onParentEnd === "cancel") state.unwaited.push({ runId, path: event.path });
}

function beginAwaiting(instance: StepInstance, live: Live, limits: TimeLimits): void {
  instance.status = "awaiting";
  instance.attempt = Math.max(1, instance.attempt);
  live.timeoutAtMs = limits.timeoutAtMs ?? null;
  live.fired = false;
  live.retryAtMs = null;
}

function outputOf(output: unknown, seq: number): ValueRef {
  return output === undefined ? NULL_REF : refOf(output, seq, "output");
}

function liveOf(instance: StepInstance): Live {
  if (instance.live === null)
    throw new Error(`the journal changes step "${instance.path}", which is ${instance.status}`);
  return instance.live;
}

function listWait(state: RunState, instance: StepInstance, name: string, key: string | null): void {
  const waitKey = signalKey(name, key);
  const waits = state.signalWaits.get(waitKey);
  if (waits === undefined) state.signalWaits.set(waitKey, [instance]);
  else waits.push(instance);
  state.agenda.push({ signalKey: waitKey });
}

function unlistWait(state: RunState, instance: StepInstance): void {
  const wait = instance.live?.wait;
  if (wait === undefined || wait === null || wait.kind !== "signal") return;
  const waitKey = signalKey(wait.name, wait.key);
  const waits = state.signalWaits.get(waitKey);
  if (waits === undefined) return;
  const at = waits.indexOf(instance);
  if (at >= 0) waits.splice(at, 1);
  if (waits.length === 0) state.signalWaits.delete(waitKey);
}
