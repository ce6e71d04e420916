/**
 * Which effects a state calls for: the one place that says so. decide() compares the answer before
 * and after its events, pending() collects it for the whole run, so the two cannot disagree.
 */
import type { Effect, EffectChange } from "./effects.ts";
import { readingOf } from "./scopes/reads-items.ts";
import { type Live, NO_EFFECTS, type RunState, type StepInstance } from "./state.ts";
import { NULL_REF } from "./value-ref.ts";

/** What the world must do now because of this step. */
export function effectsOfStep(state: RunState, instance: StepInstance): readonly Effect[] {
  const live = instance.live;
  if (live === null || state.terminal !== null) return NO_EFFECTS;
  // Nearly every attempt: no list that grows.
  if (instance.status === "running" && hasNoTimers(live)) return [attemptOf(instance, live)];
  const effects: Effect[] = [];
  addMain(effects, state, instance, live);
  if (live.deadlineAtMs !== null && state.pausedAtMs === null && live.cancelling === null)
    effects.push(timer(`deadline:${instance.path}`, live.deadlineAtMs));
  return effects.length === 0 ? NO_EFFECTS : effects;
}

function hasNoTimers({ cancelling, deadlineAtMs, timeoutAtMs, beat }: Live): boolean {
  return cancelling === null && deadlineAtMs === null && timeoutAtMs === null && beat === null;
}

function attemptOf({ path, attempt, step }: StepInstance, live: Live): Effect {
  return {
    kind: "attempt",
    key: `attempt:${path}#${attempt}`,
    path,
    uses: step.uses,
    attempt,
    input: live.input,
    secrets: live.secrets,
    lastHeartbeat: live.beat?.handed ?? NULL_REF,
    timeoutAtMs: live.timeoutAtMs,
    gates: live.gates,
    middleware: step.policies.middleware ?? null,
  };
}

function addMain(effects: Effect[], state: RunState, instance: StepInstance, live: Live): void {
  const { path, attempt } = instance;
  switch (instance.status) {
    case "scheduled":
      if (state.pausedAtMs === null)
        effects.push({
          kind: "admit",
          key: `admit:${path}#${attempt}`,
          path,
          uses: instance.step.uses,
          attempt,
          priority: live.priority,
          rank: instance.step.rank,
          memo: live.memo,
          input: live.input,
          secrets: live.secrets,
          gates: live.gates,
          lostInARow: live.lostInARow,
          sinceMs: live.scheduledAtMs,
          deadlineAtMs: earlier(live.deadlineAtMs, state.deadlineAtMs),
        });
      return;
    case "running":
      if (live.cancelling !== null) {
        effects.push({ kind: "abort", key: `abort:${path}#${attempt}`, path, attempt });
        return;
      }
      effects.push(attemptOf(instance, live));
      pushTimeout(effects, instance, live);
      if (live.beat !== null && instance.step.heartbeatTimeoutMs !== null)
        effects.push(
          timer(`heartbeat:${path}#${attempt}`, live.beat.atMs + instance.step.heartbeatTimeoutMs),
        );
      return;
    case "open":
      if (
        live.cleanupAtMs !== null &&
        state.pausedAtMs === null &&
        live.cancelling?.reason !== "cleanup"
      )
        effects.push(timer(`cleanup:${path}`, live.cleanupAtMs));
      if (live.cancelling === null && state.pausedAtMs === null) {
        const reading = readingOf(instance);
        if (reading !== null) effects.push(reading);
        pushTimeout(effects, instance, live);
      }
      return;
    case "retrying":
      if (!live.fired && live.retryAtMs !== null)
        effects.push(timer(`retry:${path}#${attempt}`, live.retryAtMs));
      return;
    case "awaiting": {
      const { wait } = live;
      if (!live.fired && wait !== null && wait.kind !== "child" && wait.dueAtMs !== null)
        effects.push(timer(`wait:${path}`, wait.dueAtMs));
      if (live.cancelling === null && state.pausedAtMs === null)
        pushTimeout(effects, instance, live);
      return;
    }
    default:
      return;
  }
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function pushTimeout(effects: Effect[], { path, attempt }: StepInstance, live: Live): void {
  if (live.timeoutAtMs !== null)
    effects.push(timer(`timeout:${path}#${attempt}`, live.timeoutAtMs));
}

/** What the world must do now because of the run as a whole. */
export function effectsOfRun(state: RunState): readonly Effect[] {
  if (state.terminal !== null) return NO_EFFECTS;
  if (state.phase === "queued" && state.ending === null && state.pausedAtMs === null)
    return [
      {
        kind: "admit_run",
        key: "admit_run",
        priority: state.priority,
        concurrency: state.concurrency,
      },
    ];
  if (state.deadlineAtMs !== null && state.ending === null && state.pausedAtMs === null)
    return [timer("deadline", state.deadlineAtMs)];
  if (state.cleanupAtMs !== null) return [timer("cleanup", state.cleanupAtMs)];
  return NO_EFFECTS;
}

function timer(key: string, dueAtMs: number): Effect {
  return { kind: "timer", key, dueAtMs };
}

/**
 * Notes that an event changed the step: takeChanges() compares what it calls for then with what was
 * told before, so an effect that comes and goes within one decision is never mentioned.
 */
export function touchStep(state: RunState, instance: StepInstance): void {
  if (instance.isTouched) return;
  instance.isTouched = true;
  if (state.lastTouched === null) state.firstTouched = instance;
  else state.lastTouched.nextTouched = instance;
  state.lastTouched = instance;
}

/** The difference to pending(state) since it was asked last; a stop names the very effect that was started. */
export function takeChanges(state: RunState): readonly EffectChange[] {
  const changes: EffectChange[] = [];
  state.runEffects = told(changes, state.runEffects, effectsOfRun(state));
  let instance = state.firstTouched;
  state.firstTouched = null;
  state.lastTouched = null;
  while (instance !== null) {
    const next: StepInstance | null = instance.nextTouched;
    instance.isTouched = false;
    instance.nextTouched = null;
    instance.effects = told(changes, instance.effects, effectsOfStep(state, instance));
    instance = next;
  }
  return changes;
}

/** Adds what differs, and answers `after` with the effects that go on as they were told. */
function told(
  changes: EffectChange[],
  before: readonly Effect[],
  after: readonly Effect[],
): readonly Effect[] {
  const [was] = before;
  const [is] = after;
  // Nearly always one effect at most, then and now.
  if (before.length <= 1 && after.length <= 1) {
    if (was !== undefined && is !== undefined && isSameEffect(was, is)) return before;
    if (was !== undefined) changes.push({ op: "stop", effect: was });
    if (is !== undefined) changes.push({ op: "start", effect: is });
    return is === undefined ? NO_EFFECTS : after;
  }
  const isNew = before.length === 0 || after.length === 0;
  const next = isNew ? after : after.map((effect) => sameOf(before, effect));
  for (const effect of before) if (!next.includes(effect)) changes.push({ op: "stop", effect });
  for (const effect of next) if (!before.includes(effect)) changes.push({ op: "start", effect });
  return next;
}

function sameOf(effects: readonly Effect[], effect: Effect): Effect {
  for (const other of effects) if (isSameEffect(effect, other)) return other;
  return effect;
}

/** Of one step, or of the run itself. A timer moved to another instant is another effect, under the same key. */
export function isSameEffect(left: Effect, right: Effect): boolean {
  if (left.kind === "timer")
    return right.kind === "timer" && left.dueAtMs === right.dueAtMs && left.key === right.key;
  if (left.kind === "admit_run")
    return right.kind === "admit_run" && left.priority === right.priority;
  if (left.kind === "admit")
    return (
      right.kind === "admit" && left.attempt === right.attempt && left.priority === right.priority
    );
  if (left.kind === "items")
    return right.kind === "items" && left.attempt === right.attempt && left.from === right.from;
  return left.kind === right.kind && "attempt" in right && left.attempt === right.attempt;
}
