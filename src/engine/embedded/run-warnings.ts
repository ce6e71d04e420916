/** What people should know about a run although it goes on as it should. */

import type { Logger } from "#ports/logger.ts";
import type { CommittedTurn } from "./host-services.ts";
import type { EngineLimits } from "./options.ts";

type Limits = Pick<EngineLimits, "eventsWarned">;

/** Of a run whose journal has `seq` events. `refusal`: what the store says while it keeps nothing. */
export function warningsOf(
  seq: number,
  { eventsWarned }: Limits,
  refusal: string | null = null,
): readonly string[] {
  const warnings: string[] = [];
  if (seq >= eventsWarned)
    warnings.push(
      `The run has ${seq} events. A run that goes on for ever should end now and then and continue as a new one: see workflow.continue.`,
    );
  if (refusal !== null)
    warnings.push(
      `The store refused the last commit; the run goes on when it takes one: ${refusal}`,
    );
  return warnings;
}

/** Logs the warning in the turn in which the run gets there. */
export function warnOnce({ facts, firstSeq }: CommittedTurn, limits: Limits, logger: Logger): void {
  const { runId, workflow, seq } = facts;
  if (seq < limits.eventsWarned || firstSeq > limits.eventsWarned) return;
  logger.warn({ run: runId, workflow }, warningsOf(seq, limits).join(" "));
}
