/** Fields of events that may hold values of any size: state keeps references to them. */
import type { EventOf, RunEventType } from "./events.ts";

export const VALUE_FIELDS = [
  "input",
  "output",
  "values",
  "keys",
  "results",
  "failed",
  "payload",
  "carry",
  "value",
] as const;

export type ValueField = (typeof VALUE_FIELDS)[number];

/** Which of them an event of each type may have; the generators of the tests hold it complete. */
export const VALUE_FIELDS_OF: {
  readonly [Type in RunEventType]: readonly (ValueField & keyof EventOf<Type>)[];
} = {
  "run.queued": ["input"],
  "run.forked": [],
  "run.admitted": [],
  "run.started": [],
  "run.paused": [],
  "run.resumed": [],
  "run.labelled": [],
  "run.cancel_requested": [],
  "run.stop_requested": ["output"],
  "run.deadline_passed": [],
  "run.succeeded": ["output"],
  "run.failed": [],
  "run.cancelled": [],
  "variable.set": ["value"],
  "scope.opened": [],
  "scope.sealed": [],
  "scope.cancel_requested": [],
  "scope.closed": ["output", "carry"],
  "step.declared": [],
  "step.scheduled": ["input"],
  "step.started": ["carry"],
  "step.waiting": ["input"],
  "step.succeeded": ["output"],
  "step.resolved": ["output"],
  "step.heartbeat": ["value"],
  "step.failed": ["output"],
  "step.retry_scheduled": [],
  "step.skipped": [],
  "step.blocked": [],
  "step.cancel_requested": [],
  "step.cancelled": [],
  "step.lost": [],
  "step.late_result": [],
  "step.memo_hit": [],
  "step.items_stored": ["values", "keys"],
  "step.results_stored": ["results", "failed"],
  "timer.fired": [],
  "signal.received": ["payload"],
  "slot.granted": [],
  "signal.consumed": [],
  "signal.unconsumed": [],
  "child.started": ["input"],
  "child.finished": ["output"],
  "child.continued": [],
  "run.continue_requested": ["input"],
  "run.continued": [],
};
