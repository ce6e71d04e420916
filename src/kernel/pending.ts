/** pending(state): the only truth about what must happen. O(open steps); for recovery and tests. */
import { itemWants } from "./agenda-wants.ts";
import type { Pending } from "./decision.ts";
import type { Effect } from "./effects.ts";
import type { RunState } from "./state.ts";
import { effectsOfRun, effectsOfStep } from "./step-effects.ts";

export function pending(state: RunState): Pending {
  const effects: Effect[] = [...effectsOfRun(state)];
  for (const instance of state.steps.values()) effects.push(...effectsOfStep(state, instance));
  const turn =
    state.terminal === null &&
    state.pausedAtMs === null &&
    state.agenda.some((item, at) => at >= state.agendaHead && itemWants(state, item));
  return { effects, turn };
}
