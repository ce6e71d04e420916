/** run.queued folded: what a run is given when it comes to be. */
import type { EventOf } from "./events.ts";
import { rememberSignal } from "./remember-signal.ts";
import type { Continued } from "./run-links.ts";
import type { RunState } from "./state.ts";
import { refOf } from "./value-ref.ts";

export function queueRun(state: RunState, event: EventOf<"run.queued">): void {
  state.phase = "queued";
  state.workflow = event.workflow;
  state.version = event.version;
  state.input = refOf(event.input, state.seq, "input");
  state.labels = event.labels;
  state.priority = event.priority;
  state.concurrency = event.concurrency ?? null;
  state.parent = event.parent ?? null;
  state.pins = event.pins ?? null;
  if (event.continued !== undefined) goOn(state, event.continued);
}

function goOn(state: RunState, { chainId, signalIds }: Continued): void {
  state.chainId = chainId;
  for (const id of signalIds) rememberSignal(state, id);
}
