/** Which signals a run has received: bounded, and sound for whoever repeats a call until it is answered. */
import { SIGNAL_IDS_MAX } from "./decision.ts";
import type { RunState } from "./state.ts";

/**
 * Ids of signals are kept so that a repeated one is not applied again. A caller repeats a call
 * until it is answered, so of the last SIGNAL_IDS_MAX only: while one call is being repeated the
 * run would have to receive, and read, ten times as many signals as it may buffer.
 */
export function rememberSignal(state: RunState, id: string): void {
  state.signalIds.add(id);
  if (state.signalIds.size <= SIGNAL_IDS_MAX) return;
  for (const oldest of state.signalIds) {
    state.signalIds.delete(oldest);
    return;
  }
}
