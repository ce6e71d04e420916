/**
 * Which effects a state calls for: the one place that says so. evolve() compares the answer before
 * and after an event, pending() collects it for the whole run, so the two cannot disagree.
 */
import type { Effect, EffectChange } from "./effects.ts";
import { type Live, NO_EFFECTS, type RunState, type StepInstance } from "./state.ts";

/** What the world must do now because of this step. */
export function effectsOfStep(state: RunState, instance: StepInstance): readonly Effect[] {
  const live = instance.live;
  if (live === null || state.terminal !== null) return NO_EFFECTS;
  const effects: Effect[] = [];
  addMain(effects, state, instance, live);
  if (live.deadlineAtMs !== null && state.pausedAtMs === null && live.cancelling === null)
    effects.push(timer(`deadline:${instance.path}`, live.deadlineAtMs));
  return effects.length === 0 ? NO_EFFECTS : effects;
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
          concurrency: live.slot,
          sinceMs: live.scheduledAtMs,
        });
      return;
    case "running":
      if (live.cancelling !== null) {
        effects.push({ kind: "abort", key: `abort:${path}#${attempt}`, path, attempt });
        return;
      }
      effects.push({
        kind: "attempt",
        key: `attempt:${path}#${attempt}`,
        path,
        uses: instance.step.uses,
        attempt,
        input: live.input,
        timeoutAtMs: live.timeoutAtMs,
        concurrency: live.slot,
      });
      pushTimeout(effects, instance, live);
      return;
    case "open":
      if (live.cancelling === null && state.pausedAtMs === null)
        pushTimeout(effects, instance, live);
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
  return NO_EFFECTS;
}

function timer(key: string, dueAtMs: number): Effect {
  return { kind: "timer", key, dueAtMs };
}

/** Brings the step's effects up to date and records what changed. */
export function refreshStep(state: RunState, instance: StepInstance): void {
  const live = instance.live;
  if (live === null) return;
  const next = effectsOfStep(state, instance);
  recordChanges(state.changes, live.effects, next);
  live.effects = next;
}

export function refreshRun(state: RunState): void {
  const next = effectsOfRun(state);
  recordChanges(state.changes, state.runEffects, next);
  state.runEffects = next;
}

/** Stops what a step that settles still had pending. */
export function dropEffects(state: RunState, live: Live): void {
  recordChanges(state.changes, live.effects, NO_EFFECTS);
  live.effects = NO_EFFECTS;
}

function recordChanges(
  changes: EffectChange[],
  before: readonly Effect[],
  after: readonly Effect[],
): void {
  for (const effect of before)
    if (!after.some((other) => isSame(effect, other)))
      changes.push({ op: "stop", key: effect.key });
  for (const effect of after)
    if (!before.some((other) => isSame(effect, other))) changes.push({ op: "start", effect });
}

/** A timer moved to another instant is another effect, under the same key. */
function isSame(left: Effect, right: Effect): boolean {
  return (
    left.key === right.key &&
    (left.kind !== "timer" || right.kind !== "timer" || left.dueAtMs === right.dueAtMs)
  );
}
