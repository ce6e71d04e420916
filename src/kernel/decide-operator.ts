/**
 * What an operator decides about one step: try it now, skip it, complete it with an output, fail
 * it. Journaled as step.resolved with who and why; what follows is an outcome like any other.
 *
 *     waiting            the decision is kept and takes the place of the step's work at its turn
 *     ready, scheduled,
 *     retrying, awaiting it takes effect in this very turn
 *     running            the attempt is given up (its later result is late), then as above
 *     open, a child      what is inside is told to stop; the decision takes effect once it has ended
 *
 * O1. A settled step never changes, and a step that was told to stop is beyond deciding.
 * O2. Retry uses up no retry of the policy and keeps the idempotency key.
 * O3. The same id is applied once.
 */
import { CONTROL_STEPS } from "#workflow/control-steps.ts";
import { cancelStep } from "./cancel-step.ts";
import type { Refusal } from "./decision.ts";
import { endCancelled } from "./end-cancelled.ts";
import type { Input } from "./inputs.ts";
import { canFail } from "./outcome.ts";
import { ownField } from "./own-field.ts";
import { applyResolution, PLAIN_PORTS } from "./resolution.ts";
import { resolutionId } from "./resolution-shape.ts";
import { isSettled, type StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

type ResolveInput = Extract<Input, { readonly kind: "resolve" }>;

export function decideResolve(turn: Turn, input: ResolveInput): void {
  const { state } = turn;
  if (input.id !== null && state.signalIds.has(resolutionId(input.id))) {
    turn.applied = false;
    return;
  }
  const instance = state.steps.get(input.path);
  if (instance === undefined) return refuse(turn, "step_not_found", notFound(turn, input.path));
  const wrong = unfit(turn, instance, input);
  if (wrong !== null) return refuse(turn, wrong.code, wrong.message);
  if (input.action === "retry") return tryNow(turn, instance, input);
  const wait = instance.live?.wait ?? null;
  const isAbandoned = wait?.kind === "child" && wait.onParentEnd === "abandon";
  const isAtOnce = instance.status !== "waiting" && (isAbandoned || !hasInside(instance));
  // Nothing is journaled before the values of a fallback are there.
  if (input.action === "fail" && isAtOnce && !canFail(turn, instance)) return;
  emit(turn, resolved(input, instance.attempt));
  if (instance.status === "waiting" || instance.verdict !== "ready") return;
  if (!hasInside(instance)) {
    applyResolution(turn, instance);
    return;
  }
  if (isAbandoned) endCancelled(turn, instance);
  else cancelStep(turn, instance, "operator");
}

function refuse(turn: Turn, code: Refusal["code"], message: string): void {
  turn.refusal = { code, message };
}

function notFound(turn: Turn, path: string): string {
  return `Run ${turn.state.runId} has no open step "${path}": it has not come into being yet, or its scope has closed.`;
}

/** Scopes or a child run, which end before the step does. */
function hasInside(instance: StepInstance): boolean {
  return instance.status === "open" || instance.live?.wait?.kind === "child";
}

function unfit(
  turn: Turn,
  instance: StepInstance,
  input: ResolveInput,
): Pick<Refusal, "code" | "message"> | null {
  const { path, status } = instance;
  if (isSettled(status))
    return {
      code: "step_settled",
      message: `"${path}" has ${status === "blocked" || status === "skipped" ? "been " : ""}${status} already, and a settled step never changes; rerun the run to do it again.`,
    };
  const isStopping =
    instance.scope.cancelling !== null || (instance.live?.cancelling ?? null) !== null;
  if (isStopping)
    return { code: "action_refused", message: `"${path}" was told to stop and is about to end.` };
  const decided = ownField(turn.state.resolutions, path);
  if (decided !== undefined)
    return {
      code: "action_refused",
      message: `"${path}" is decided already (${decided.action}); it takes effect when its turn comes.`,
    };
  if (input.action === "retry") return unfitForRetry(instance);
  return input.action === "complete" ? unfitPort(instance, input.port) : null;
}

const RETRY_REFUSED: Readonly<Record<string, string>> = {
  waiting: "has not had its turn yet",
  ready: "is about to begin",
  scheduled: "waits for its slot already, and starts as soon as it is admitted",
  open: "holds steps of its own: retry the one inside that is in trouble",
  awaiting: "waits, and has nothing to try: complete, skip or fail it instead",
};

function unfitForRetry({ path, status }: StepInstance): Pick<Refusal, "code" | "message"> | null {
  const why = RETRY_REFUSED[status];
  return why === undefined
    ? null
    : { code: "action_refused", message: `"${path}" cannot be retried now: it ${why}.` };
}

function unfitPort(
  { path, step }: StepInstance,
  port: string | null,
): Pick<Refusal, "code" | "message"> | null {
  const ports = CONTROL_STEPS.get(step.kind)?.ports(step.definition) ?? [];
  const isNeeded = port === null && ports.length > 0 && PLAIN_PORTS[step.kind] === undefined;
  if (!isNeeded && (port === null || ports.includes(port))) return null;
  return {
    code: "input_invalid",
    message:
      ports.length === 0
        ? `"${path}" has no ports: complete it without one.`
        : `"${path}" must be completed with one of its ports: ${ports.join(", ")}.`,
  };
}

function tryNow(turn: Turn, instance: StepInstance, input: ResolveInput): void {
  // It is on its way to the next attempt: the pause of the run holds it, not its timer.
  if (instance.status === "retrying" && instance.live?.fired === true) {
    turn.applied = false;
    return;
  }
  const isRunning = instance.status === "running";
  emit(turn, resolved(input, isRunning ? instance.attempt + 1 : instance.attempt));
}

function resolved(input: ResolveInput, attempt: number) {
  const { path, action, by, reason, id, output, message } = input;
  const port = input.port;
  return {
    type: "step.resolved" as const,
    path,
    action,
    by,
    ...(reason === null ? {} : { reason }),
    ...(id === null ? {} : { id }),
    ...(action === "retry" ? { attempt } : {}),
    ...(action === "complete" && output !== null && output !== undefined ? { output } : {}),
    ...(action === "complete" && port !== null ? { port } : {}),
    ...(action === "fail" && message !== null ? { message } : {}),
  };
}
