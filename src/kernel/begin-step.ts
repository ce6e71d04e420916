/**
 * A step whose time has come: its own `if`, its configuration, and then what its kind does first.
 * Pure steps settle here and now; effects ask for admission; waits and scopes begin.
 */
import { durationMs } from "#workflow/duration.ts";
import { extractSecretTexts } from "#workflow/expression/secret-uses.ts";
import { stopScope } from "./cancel-step.ts";
import { requestContinue } from "./continue-run.ts";
import { CHILD_DEPTH_MAX } from "./decision.ts";
import { deriveRunId, messageId } from "./derive-id.ts";
import type { WaitFor } from "./events.ts";
import { FarConfig } from "./far-config.ts";
import { memoRequest, NO_MEMO } from "./memo.ts";
import { evaluateOptions, fail, guarded, succeed } from "./outcome.ts";
import { readScope } from "./read-scope.ts";
import { applyResolution, isResolved } from "./resolution.ts";
import { SCOPE_KINDS } from "./scopes/kinds.ts";
import type { RunState, StepInstance } from "./state.ts";
import { connectionSecrets, evaluateConfig } from "./step-config.ts";
import { evaluateGates } from "./step-gates.ts";
import { deadlineOf, limitOf, timeLimitsOf } from "./time-limits.ts";
import { emit, type Turn } from "./turn.ts";

/** False: values are missing (turn.needs) or the step is computed off the turn. */
export function beginStep(turn: Turn, instance: StepInstance): boolean {
  if (instance.scope.cancelling !== null) {
    emit(turn, { type: "step.cancelled", path: instance.path });
    return true;
  }
  if (instance.verdict === "blocked") {
    emit(turn, { type: "step.blocked", path: instance.path });
    return true;
  }
  if (instance.verdict === "skipped") {
    emit(turn, { type: "step.skipped", path: instance.path, by: "untaken" });
    return true;
  }
  if (turn.state.resolutions !== null && isResolved(turn, instance))
    return applyResolution(turn, instance);
  turn.evaluations++;
  if (instance.step.if !== null && instance.attempt === 0) {
    const wanted = testIf(turn, instance);
    if (wanted === null) return false;
    if (!wanted.ok) return fail(turn, instance, wanted.error, { mayRetry: false });
    if (!wanted.value) {
      emit(turn, { type: "step.skipped", path: instance.path, by: "if" });
      return true;
    }
  }
  const config = evaluateConfig(turn, instance);
  if (config === null) return false;
  if (!config.ok) return fail(turn, instance, config.error, { mayRetry: false });
  return beginKind(turn, instance, config.value);
}

/** Another attempt of a step that is no effect: evaluated and begun anew. */
export function beginKindAgain(turn: Turn, instance: StepInstance): boolean {
  const config = evaluateConfig(turn, instance);
  if (config === null) return false;
  if (!config.ok) return fail(turn, instance, config.error, { mayRetry: false });
  return beginKind(turn, instance, config.value);
}

function testIf(turn: Turn, instance: StepInstance) {
  const condition = instance.step.if;
  if (condition === null) return { ok: true as const, value: true };
  const answer = guarded(() => {
    const names = readScope(turn, instance.scope, condition.reads);
    return names === null
      ? null
      : { value: condition.test(names, evaluateOptions(turn, instance, "if")) };
  });
  if (!answer.ok) return answer;
  return answer.value === null ? null : { ok: true as const, value: answer.value.value };
}

function beginKind(turn: Turn, instance: StepInstance, config: unknown): boolean {
  const { kind } = instance.step;
  switch (kind) {
    case "pure":
      return runPure(turn, instance, config);
    case "effect":
      return schedule(turn, instance, config);
    case "wait.for":
    case "wait.until":
    case "wait.signal":
    case "wait.approval":
      return wait(turn, instance, config as WaitConfig);
    case "workflow.run":
      return startChild(turn, instance, config as ChildConfig);
    case "fail":
      return failOnPurpose(turn, instance, config as FailConfig);
    case "stop":
      return stopRun(turn, instance, (config as { readonly output?: unknown }).output);
    case "workflow.continue":
      return requestContinue(turn, instance, config as Parameters<typeof requestContinue>[2]);
    default: {
      const scopeKind = SCOPE_KINDS.get(kind);
      if (scopeKind === undefined) throw new Error(`no kernel part for step kind "${kind}"`);
      return scopeKind.begin(turn, instance, config);
    }
  }
}

function runPure(turn: Turn, instance: StepInstance, config: unknown): boolean {
  const { uses } = instance.step;
  const isFar = config instanceof FarConfig;
  const outcome = isFar ? "later" : turn.world.pure(uses, config, instance.path);
  if (outcome === "later") {
    if (instance.live !== null) instance.live.computing = true;
    const deadlineAtMs = limitOf(turn, instance);
    turn.compute.push({ path: instance.path, uses, config, deadlineAtMs });
    return false;
  }
  if (!outcome.ok) return fail(turn, instance, outcome.error);
  succeed(turn, instance, { output: outcome.output });
  return true;
}

function schedule(turn: Turn, instance: StepInstance, config: unknown): boolean {
  const { step } = instance;
  const gates = step.gates === null ? null : evaluateGates(turn, instance);
  if (gates === null && step.gates !== null) return false;
  if (gates !== null && !gates.ok) return fail(turn, instance, gates.error, { mayRetry: false });
  const memo = step.memo === null ? NO_MEMO : guarded(() => memoRequest(turn, instance));
  if (!memo.ok) return fail(turn, instance, memo.error, { mayRetry: false });
  if (memo.value === "later") return false;
  const priority = step.priority ?? turn.state.priority;
  const secret = step.secrets.length === 0 ? null : extractSecretTexts(config ?? {});
  const lent = step.connections === null ? null : connectionSecrets(turn, step.connections, config);
  const asksMore = gates !== null || memo.value !== null || secret !== null || lent !== null;
  // Most steps ask for nothing else; an object made of spreads costs ten times as much.
  const isPlain = !asksMore && priority === 5 && !hasMore(step);
  if (isPlain) {
    emit(turn, {
      type: "step.scheduled",
      path: instance.path,
      attempt: 1,
      input: config ?? {},
    });
    return true;
  }
  emit(turn, {
    type: "step.scheduled",
    path: instance.path,
    attempt: 1,
    input: secret === null ? (config ?? {}) : secret.shown,
    ...(secret === null || secret.uses.length === 0 ? {} : { secrets: secret.uses }),
    ...(lent === null ? {} : { connectionSecrets: lent }),
    ...gates?.value,
    ...(memo.value === null ? {} : { memo: memo.value }),
    ...(priority === 5 ? {} : { priority }),
    ...(step.policies.cost === "high" ? { cost: "high" as const } : {}),
    ...deadlineOf(instance),
  });
  return true;
}

/** Whether its event says more than what to do: the policies that are written into it. */
function hasMore({ policies, deadlineMs }: StepInstance["step"]): boolean {
  return policies.cost === "high" || deadlineMs !== null;
}

interface WaitConfig {
  readonly duration?: unknown;
  readonly at?: number | string;
  readonly name?: string;
  readonly key?: string | number;
  readonly expires?: unknown;
}

function wait(turn: Turn, instance: StepInstance, config: WaitConfig): boolean {
  emit(turn, {
    type: "step.waiting",
    path: instance.path,
    for: waitFor(turn, instance, config),
    input: config,
    ...timeLimitsOf(turn, instance),
  });
  return true;
}

/** The last instant that has a date. */
const INSTANT_MAX_MS = 8.64e15;

function waitFor(turn: Turn, instance: StepInstance, config: WaitConfig): WaitFor {
  const after = (duration: unknown) =>
    Math.min(turn.world.nowMs + (durationMs(duration) ?? 0), INSTANT_MAX_MS);
  const dueAtMs = config.expires === undefined ? null : after(config.expires);
  switch (instance.step.kind) {
    case "wait.for":
      return { kind: "timer", dueAtMs: after(config.duration) };
    case "wait.until":
      return {
        kind: "timer",
        dueAtMs: Math.min(
          typeof config.at === "number" ? config.at : Date.parse(config.at ?? ""),
          INSTANT_MAX_MS,
        ),
      };
    case "wait.signal":
      return {
        kind: "signal",
        name: config.name ?? "",
        key: config.key === undefined ? null : String(config.key),
        dueAtMs,
      };
    default:
      return { kind: "approval", dueAtMs };
  }
}

interface ChildConfig {
  readonly workflow: string;
  readonly version?: number | "latest";
  readonly input?: unknown;
  readonly wait: boolean;
  readonly onParentEnd: "cancel" | "abandon";
}

function startChild(turn: Turn, instance: StepInstance, config: ChildConfig): boolean {
  const { state } = turn;
  const depth = (state.parent?.depth ?? 0) + 1;
  if (depth > CHILD_DEPTH_MAX)
    return fail(turn, instance, {
      code: "limit_exceeded",
      message: `"${instance.path}" would be child run number ${depth} in a row; the limit is ${CHILD_DEPTH_MAX}.`,
      retryable: false,
    });
  const generation = (instance.live?.failures ?? 0) + 1;
  const runId = deriveRunId(state.runId, instance.path, generation);
  const input = config.input ?? {};
  const version = versionOf(state, config);
  emit(turn, {
    type: "child.started",
    path: instance.path,
    runId,
    workflow: config.workflow,
    version,
    wait: config.wait,
    onParentEnd: config.onParentEnd,
    input,
    ...timeLimitsOf(turn, instance),
  });
  turn.sends.push({
    kind: "child_start",
    id: messageId(state.runId, instance.path, generation, "child_start"),
    toRunId: runId,
    workflow: config.workflow,
    version,
    input,
    parent: { runId: state.runId, path: instance.path, depth, wait: config.wait },
    ...(state.pins === null ? {} : { pins: state.pins }),
  });
  if (!config.wait) succeed(turn, instance, { output: { runId } });
  return true;
}

/** null: the newest when the child starts. */
function versionOf({ pins }: RunState, { workflow, version }: ChildConfig): number | null {
  if (version === "latest") return null;
  // A name may be that of something that every object has.
  const pinned = pins !== null && Object.hasOwn(pins, workflow) ? pins[workflow] : null;
  return version ?? pinned ?? null;
}

interface FailConfig {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

function failOnPurpose(turn: Turn, instance: StepInstance, config: FailConfig): boolean {
  const { code, message, details } = config;
  return fail(
    turn,
    instance,
    { code, message, retryable: false, ...(details === undefined ? {} : { details }) },
    { mayRetry: false, ends: true },
  );
}

function stopRun(turn: Turn, instance: StepInstance, output: unknown): boolean {
  succeed(turn, instance, { output });
  if (turn.state.ending === null)
    emit(turn, { type: "run.stop_requested", path: instance.path, output: output ?? null });
  stopScope(turn, instance.scope);
  return true;
}
