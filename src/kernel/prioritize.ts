/** What another priority of a run means to its steps: the fold of `run.prioritized`. */
import type { RunState } from "./state.ts";
import { touchStep } from "./step-effects.ts";

/** Steps with a priority of their own keep it. */
export function prioritize(state: RunState, priority: number): void {
  state.priority = priority;
  for (const instance of state.steps.values()) {
    if (instance.live === null || instance.step.priority !== null) continue;
    instance.live.priority = priority;
    touchStep(state, instance);
  }
}
