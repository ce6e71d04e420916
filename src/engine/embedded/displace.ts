/** Runs with whenFull: cancelRunning: who waits for their key has those cancelled that hold it. */
import type { Effect } from "#kernel/effects.ts";
import type { SlotClaim } from "../admission/claim.ts";
import { inTheWay, nextWaiting } from "../admission/holders.ts";
import type { HostServices } from "./host-services.ts";

type Displacing = Pick<HostServices, "runSlots" | "clock" | "displace">;

/** Who was told to stop before is told again: that changes nothing. */
export function displace({ runSlots, displace: tell }: Displacing, claim: SlotClaim, by: string) {
  const gate = claim.gates?.[0];
  if (gate === undefined) return;
  // Where hosts share slots they may be anywhere: the store says who they are.
  const elsewhere = runSlots.outside?.runs;
  if (elsewhere !== undefined) return elsewhere.displace(gate, by);
  for (const { runId } of inTheWay(runSlots, gate.name)) tell(runId, by);
}

/** Runs that came later have been waiting since before this one had its slot. */
export function yieldToLater(
  services: Displacing,
  { concurrency }: Extract<Effect, { readonly kind: "admit_run" }>,
  claim: SlotClaim | null,
): void {
  const { runSlots, clock } = services;
  const gate = claim?.gates?.[0];
  if (claim === null || gate === undefined || concurrency?.whenFull !== "cancelRunning") return;
  const later = nextWaiting(runSlots, gate.name, clock.nowMs());
  if (later !== null) displace(services, claim, later.runId);
}
