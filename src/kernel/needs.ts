/**
 * needs(state, input): which values the next decision reads, without deciding anything. Found by
 * deciding on a copy of the state; engines that share the process read Decision.needs instead.
 */
import { restoreState, saveState } from "./checkpoint.ts";
import { decide } from "./decide.ts";
import type { World } from "./decision.ts";
import type { Input } from "./inputs.ts";
import type { RunState } from "./state.ts";
import type { ValueRef } from "./value-ref.ts";

/** `world.values` says what is loaded already. O(state): for hosts that must load before they decide. */
export function needs(state: RunState, input: Input, world: World): readonly ValueRef[] {
  const copy = restoreState(saveState(state), state.plan);
  return copy === null ? [] : decide(copy, input, world).needs;
}
