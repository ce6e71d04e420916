/**
 * decide(state, input, world): what the journal gains. Each event is folded into the state as it
 * is decided, so the state is ahead of the journal until the engine has committed the turn; if the
 * commit is refused the state is thrown away and folded anew.
 *
 * D1. The same state, input and world give the same events.
 * D2. Nothing is refused half-way: a refusal or a missing value leaves no event behind, but for a
 *     signal that does not fit, which is journaled as such.
 * D3. A terminal run gains nothing but step.late_result.
 */
import { unreachable } from "#errors/errors.ts";
import type { StepError } from "#errors/step-error.ts";
import { admit } from "./admit.ts";
import { advance } from "./agenda.ts";
import { agendaWants } from "./agenda-wants.ts";
import { cancelChild } from "./cancel-step.ts";
import { continuedOf, takeCarried } from "./continue-run.ts";
import { cutOffCleanup, cutOffRun, runCleanupOf } from "./cut-off.ts";
import { decideCheckpoint } from "./decide-checkpoint.ts";
import { takeChild, takeChildContinued } from "./decide-child.ts";
import { decideControl } from "./decide-control.ts";
import { declareSteps, sealScope } from "./decide-dynamic.ts";
import { takeItems } from "./decide-items.ts";
import { decideLabel } from "./decide-label.ts";
import { decideApproval, decideSignal } from "./decide-message.ts";
import { decideResolve } from "./decide-operator.ts";
import { decidePriority } from "./decide-priority.ts";
import { type Decision, LOST_MAX, type World } from "./decision.ts";
import { endCancelled } from "./end-cancelled.ts";
import { endRun } from "./end-run.ts";
import { SEMANTICS } from "./events.ts";
import type { AttemptOutcome, Input } from "./inputs.ts";
import { keyText } from "./key-text.ts";
import { takeMemoHit } from "./memo.ts";
import { canFail, fail, guarded, succeed } from "./outcome.ts";
import type { RunState, StepInstance } from "./state.ts";
import { takeOperation } from "./state-step.ts";
import { takeChanges } from "./step-effects.ts";
import { deadlineOf } from "./time-limits.ts";
import { emit, newTurn, type Turn } from "./turn.ts";

/** Decides one input, then works the agenda off as far as values and budget reach. */
export function decide(state: RunState, input: Input, world: World): Decision {
  const turn = newTurn(state, world);
  if (state.terminal === null) takeInput(turn, input);
  else takeLate(turn, input);
  turn.again = turn.needs.length > 0;
  if (!turn.again && turn.refusal === null) advance(turn);
  const changes = takeChanges(state);
  return {
    events: turn.events,
    changes,
    sends: turn.sends,
    refusal: turn.refusal,
    applied: turn.applied,
    needs: turn.needs,
    again: turn.again,
    more: turn.needs.length === 0 && agendaWants(state),
    compute: turn.compute,
  };
}

function takeLate(turn: Turn, input: Input): void {
  turn.applied = false;
  switch (input.kind) {
    case "result":
    case "operation":
    case "cached":
      emit(turn, {
        type: "step.late_result",
        path: input.path,
        attempt: input.attempt,
        ok: input.kind !== "result" || input.outcome.ok,
      });
      return;
    case "signal":
    case "approval":
    case "pause":
    case "resume":
    case "cancel":
    case "terminate":
    case "label":
    case "prioritize":
    case "checkpoint":
    case "resolve":
      turn.refusal = {
        code: "run_terminal",
        message: `Run ${turn.state.runId} has ended as ${turn.state.terminal}; it takes no ${input.kind}.`,
        ...(turn.state.continuedTo === null
          ? {}
          : { details: { continuedTo: turn.state.continuedTo } }),
      };
      return;
    default:
      return;
  }
}

function takeInput(turn: Turn, input: Input): void {
  const { state } = turn;
  switch (input.kind) {
    case "start":
      return start(turn, input);
    case "admit_run":
      if (state.phase === "queued") emit(turn, { type: "run.admitted" });
      return;
    case "admit":
      return admit(turn, input);
    case "result":
      return takeResult(turn, input.path, input.attempt, input.outcome);
    case "operation":
      return takeOperation(turn, input);
    case "cached":
      return takeResult(turn, input.path, input.attempt, { ok: true, output: input.output });
    case "memo_hit":
      return takeMemoHit(turn, input);
    case "heartbeat":
      return takeHeartbeat(turn, input);
    case "items":
      return takeItems(turn, input);
    case "lost":
      return takeLost(turn, input);
    case "computed":
      return takeComputed(turn, input);
    case "timer":
      return takeTimer(turn, input.key);
    case "signal":
      return decideSignal(turn, input);
    case "approval":
      return decideApproval(turn, input);
    case "child_finished":
      return takeChild(turn, input);
    case "child_continued":
      return takeChildContinued(turn, input);
    case "pause":
    case "resume":
    case "cancel":
    case "terminate":
      return decideControl(turn, input);
    case "label":
      return decideLabel(turn, input);
    case "prioritize":
      return decidePriority(turn, input);
    case "checkpoint":
      return decideCheckpoint(turn, input);
    case "resolve":
      return decideResolve(turn, input);
    case "declare":
      return declareSteps(turn, input);
    case "seal":
      return sealScope(turn, input.scope);
    case "continue":
      return;
    default:
      return unreachable(input);
  }
}

function start(turn: Turn, input: Extract<Input, { readonly kind: "start" }>): void {
  const { plan } = turn.state;
  if (turn.state.phase !== "new") {
    turn.applied = false;
    return;
  }
  const key = plan.concurrency === null ? null : guarded(() => concurrencyKey(turn, input.input));
  emit(turn, {
    type: "run.queued",
    workflow: input.workflow,
    version: input.version,
    planHash: plan.hash,
    semantics: SEMANTICS,
    input: input.input,
    labels: input.labels,
    priority: input.priority ?? plan.priority,
    ...(plan.concurrency !== null && key?.ok
      ? {
          concurrency: {
            key: key.value,
            limit: plan.concurrency.limit,
            whenFull: plan.concurrency.whenFull,
          },
        }
      : {}),
    ...(input.parent === null ? {} : { parent: input.parent }),
    ...(input.pins == null ? {} : { pins: input.pins }),
    ...(input.continued === undefined ? {} : { continued: continuedOf(input.continued) }),
    by: input.by,
    ...(input.trace === null ? {} : { trace: input.trace }),
    ...(input.startKey === null ? {} : { startKey: input.startKey }),
    ...(input.trigger === undefined ? {} : { trigger: input.trigger }),
  });
  if (input.forkedFrom !== null)
    emit(turn, {
      type: "run.forked",
      from: input.forkedFrom.runId,
      ...(input.forkedFrom.reason === null ? {} : { reason: input.forkedFrom.reason }),
    });
  if (input.continued !== undefined) takeCarried(turn, input.continued);
  if (key !== null && !key.ok)
    endRun(turn, { type: "run.failed", error: key.error, path: "concurrency.key" });
}

/** Seen before the run exists: only `input` and `workflow` mean something here. */
function concurrencyKey(turn: Turn, input: unknown): string {
  const { plan } = turn.state;
  return keyText(
    plan.concurrency?.key.evaluate({ input, workflow: { name: plan.definition.name } }),
  );
}

function find(turn: Turn, path: string): StepInstance | null {
  return turn.state.steps.get(path) ?? null;
}

function isCurrent(instance: StepInstance | null, attempt: number): instance is StepInstance {
  return instance?.status === "running" && instance.attempt === attempt;
}

function takeResult(turn: Turn, path: string, attempt: number, outcome: AttemptOutcome): void {
  const instance = find(turn, path);
  if (!isCurrent(instance, attempt)) {
    turn.applied = false;
    emit(turn, { type: "step.late_result", path, attempt, ok: outcome.ok });
    return;
  }
  if (outcome.ok) return succeed(turn, instance, { output: outcome.output });
  if (instance.live?.cancelling) return void endCancelled(turn, instance);
  fail(turn, instance, outcome.error);
}

function takeHeartbeat(turn: Turn, input: Extract<Input, { readonly kind: "heartbeat" }>): void {
  const { path, attempt, value, progress } = input;
  turn.applied = isCurrent(find(turn, path), attempt);
  if (!turn.applied) return;
  emit(turn, {
    ...{ type: "step.heartbeat", path, attempt },
    ...(value === undefined ? {} : { value }),
    ...(progress === null ? {} : { progress }),
  });
}

function takeLost(turn: Turn, input: Extract<Input, { readonly kind: "lost" }>): void {
  const { path, attempt, hostLived } = input;
  const instance = find(turn, path);
  if (!isCurrent(instance, attempt)) return;
  if (instance.live?.cancelling) return void endCancelled(turn, instance);
  if (hostLived === true) return void emit(turn, { type: "step.lost", path, attempt, hostLived });
  const lost = (instance.live?.lostInARow ?? 0) + 1;
  if (lost >= LOST_MAX && !canFail(turn, instance)) return;
  emit(turn, { type: "step.lost", path, attempt });
  if (lost < LOST_MAX) return;
  fail(
    turn,
    instance,
    {
      code: "host_lost",
      message: `${lost} attempts of "${path}" in a row ended with their host; it is not tried again.`,
      retryable: false,
    },
    { mayRetry: false },
  );
}

function takeComputed(
  turn: Turn,
  { path, outcome }: Extract<Input, { readonly kind: "computed" }>,
): void {
  const instance = find(turn, path);
  if (instance?.live?.computing !== true) {
    turn.applied = false;
    return;
  }
  if (instance.scope.cancelling !== null) emit(turn, { type: "step.cancelled", path });
  else if (outcome.isLate === true) passLimit(turn, instance);
  else if (outcome.ok) succeed(turn, instance, { output: outcome.output });
  else fail(turn, instance, outcome.error, { mayRetry: outcome.isFaulty !== true });
}

/** Whichever of its limits has passed: one that only computes has no timers. */
function passLimit(turn: Turn, instance: StepInstance): void {
  const { timeoutMs } = instance.step;
  const { deadlineAtMs = Number.POSITIVE_INFINITY } = deadlineOf(instance);
  if (timeoutMs === null || deadlineAtMs <= turn.world.nowMs) return passDeadline(turn, instance);
  const message = `"${instance.path}" took longer than its timeout of ${timeoutMs} ms.`;
  fail(turn, instance, { code: "timeout", message, retryable: true });
}

/** Due timers are journaled also while the run is paused; they act when it goes on. */
function takeTimer(turn: Turn, key: string): void {
  const { state, world } = turn;
  const isOfRun = key === "deadline" || key === "cleanup";
  const effects = isOfRun ? state.runEffects : (find(turn, timerPath(key))?.effects ?? []);
  const effect = effects.find((candidate) => candidate.key === key);
  if (effect?.kind !== "timer" || effect.dueAtMs > world.nowMs) {
    turn.applied = false;
    return;
  }
  if (key === "deadline") {
    emit(turn, { type: "run.deadline_passed", ...runCleanupOf(turn) });
    return;
  }
  if (key === "cleanup") return cutOffRun(turn);
  const instance = find(turn, timerPath(key));
  if (instance === null) return;
  if (key.startsWith("heartbeat:")) return missBeat(turn, instance);
  if (key.startsWith("timeout:")) return timeOut(turn, instance);
  if (key.startsWith("deadline:")) return passDeadline(turn, instance);
  if (key.startsWith("cleanup:")) return cutOffCleanup(turn, instance);
  emit(turn, { type: "timer.fired", key });
}

/** `retry`, `timeout` and `heartbeat` keys end with their attempt. */
export function timerPath(key: string): string {
  const path = key.slice(key.indexOf(":") + 1);
  return /^(?:retry|timeout|heartbeat):/.test(key) ? path.slice(0, path.lastIndexOf("#")) : path;
}

function timeOut(turn: Turn, instance: StepInstance): void {
  const error = {
    code: "timeout",
    message: `Attempt ${instance.attempt} of "${instance.path}" took longer than its timeout of ${instance.step.timeoutMs} ms.`,
    retryable: true,
  };
  // An attempt that runs is abandoned; scopes and children are told to stop, and end first.
  if (instance.status === "open" || instance.live?.wait?.kind === "child")
    stopInside(turn, instance, error);
  else fail(turn, instance, error);
}

function missBeat(turn: Turn, instance: StepInstance): void {
  fail(turn, instance, {
    code: "heartbeat_timeout",
    message: `Attempt ${instance.attempt} of "${instance.path}" gave no heartbeat for ${instance.step.heartbeatTimeoutMs} ms.`,
    retryable: true,
  });
}

function passDeadline(turn: Turn, instance: StepInstance): void {
  const error = {
    code: "deadline_exceeded",
    message: `"${instance.path}" took longer than its deadline of ${instance.step.deadlineMs} ms.`,
    retryable: false,
  };
  const isChild = instance.live?.wait?.kind === "child";
  if (instance.status === "running" || instance.status === "open" || isChild)
    stopInside(turn, instance, error);
  else fail(turn, instance, error, { mayRetry: false });
}

/** The step fails with `error` once what it started has ended. */
function stopInside(turn: Turn, instance: StepInstance, error: StepError): void {
  const wait = instance.live?.wait ?? null;
  // A child that is abandoned does not end first: the step fails in this very decision.
  if (wait?.kind === "child" && wait.onParentEnd === "abandon" && !canFail(turn, instance)) return;
  emit(turn, { type: "step.cancel_requested", path: instance.path, reason: "deadline", error });
  if (wait?.kind !== "child") return;
  if (wait.onParentEnd === "cancel") cancelChild(turn, wait.runId, instance.path);
  else endCancelled(turn, instance);
}
