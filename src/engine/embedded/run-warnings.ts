/** What people should know about a run although it goes on as it should. */

import type { Logger } from "#ports/logger.ts";
import type { CommittedTurn } from "./host-services.ts";

/** Events after which a run should hand over to a successor: reading it takes ever longer. */
export const EVENTS_WARNED = 200_000;

/** Of a run whose journal has `seq` events. */
export function warningsOf(seq: number): readonly string[] {
  return seq < EVENTS_WARNED
    ? []
    : [
        `The run has ${seq} events. A run that goes on for ever should end now and then and continue as a new one: see workflow.continue.`,
      ];
}

/** Logs the warning in the turn in which the run gets there. */
export function warnOnce({ facts, firstSeq }: CommittedTurn, logger: Logger): void {
  const { runId, workflow, seq } = facts;
  if (seq < EVENTS_WARNED || firstSeq > EVENTS_WARNED) return;
  logger.warn({ run: runId, workflow }, warningsOf(seq).join(" "));
}
