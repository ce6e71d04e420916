/** What of a grant is journaled: an attempt that no policy touched leaves no event. */
import type { SlotGrant } from "#kernel/inputs.ts";
import type { Gate, SlotClaim } from "./claim.ts";
import { isBesideSuspects, SUSPECTS } from "./quarantine.ts";
import type { Scheduler } from "./scheduler.ts";

/** null: nothing to say. `waitedMs`: how long it waited at gates other than the bound; null: it did not. */
export function slotGrant(
  scheduler: Scheduler,
  claim: SlotClaim,
  waitedMs: number | null,
): SlotGrant | null {
  const { gates, path } = claim;
  if (gates === null || (waitedMs === null && !gates.some(isOwn))) return null;
  return {
    path,
    // The two gates of a suspect are one to people.
    gates: gates
      .filter(({ name }) => name !== SUSPECTS)
      .map(({ kind, key }) => ({ gate: kind, key })),
    waitedMs: Math.round(waitedMs ?? 0),
    ...(isBesideSuspects(scheduler, claim) ? { isBeside: true } : {}),
  };
}

/** Whether the workflow itself asked for it. */
function isOwn({ kind }: Gate): boolean {
  return kind !== "bulkhead" && kind !== "quota";
}
