/** So many at the same time: concurrency keys, bulkheads, quotas. */
import type { Gate, SlotClaim } from "./claim.ts";
import type { Line, Meter } from "./line.ts";

export class SlotMeter implements Meter {
  readonly name: string;
  readonly lines: Line[] = [];
  readonly holders = new Map<string, SlotClaim>();

  constructor(name: string) {
    this.name = name;
  }

  room(gate: Gate): number {
    return "limit" in gate ? gate.limit - this.holders.size : 0;
  }

  take(claim: SlotClaim): void {
    this.holders.set(claim.slot, claim);
  }

  give(slot: string): boolean {
    return this.holders.delete(slot);
  }

  freesAtMs(): null {
    return null;
  }

  isIdle(): boolean {
    return this.holders.size === 0;
  }
}
