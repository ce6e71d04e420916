/** What a committed turn means to the meter. */
import type { Meter } from "#ports/meter.ts";
import type { CommittedTurn } from "./host-services.ts";
import { isTerminal } from "./run-facts.ts";

export function meterTurn(meter: Meter, { facts, events, firstSeq }: CommittedTurn): void {
  if (firstSeq === 1) meter.runStarted(facts.tenant, facts.workflow);
  for (const { type } of events) meter.event(type);
  if (isTerminal(facts.status)) meter.runEnded(facts.tenant, facts.workflow, facts.status);
}
