/** What of a grant is journaled: an attempt that no policy touched leaves no event. */
import type { SlotGrant } from "#kernel/inputs.ts";
import type { Gate, SlotClaim } from "./claim.ts";

/** null: nothing to say. `waitedMs`: how long it waited at gates other than the bound; null: it did not. */
export function slotGrant(claim: SlotClaim, waitedMs: number | null): SlotGrant | null {
  const { gates, path } = claim;
  if (gates === null || (waitedMs === null && !gates.some(isOwn))) return null;
  return {
    path,
    gates: gates.map(({ kind, key }) => ({ gate: kind === "usage" ? "quota" : kind, key })),
    waitedMs: Math.round(waitedMs ?? 0),
  };
}

/** Whether the workflow itself asked for it. */
function isOwn({ kind }: Gate): boolean {
  return kind !== "bulkhead" && kind !== "quota" && kind !== "usage";
}
