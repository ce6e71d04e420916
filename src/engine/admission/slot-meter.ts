/** So many at the same time: concurrency keys, bulkheads, quotas. */
import type { Gate, SlotClaim } from "./claim.ts";
import type { Line, Meter } from "./line.ts";
import type { GateShare } from "./outside-room.ts";

export class SlotMeter implements Meter {
  readonly name: string;
  readonly lines: Line[] = [];
  readonly holders = new Map<string, SlotClaim>();
  /** What this host may grant of slots that several hosts share; null: all of them. */
  share: GateShare | null = null;

  constructor(name: string) {
    this.name = name;
  }

  room(gate: Gate): number {
    const left = this.#left(gate);
    return this.share === null || left <= 0 ? left : Math.min(left, this.share.room(limitOf(gate)));
  }

  isShort(gate: Gate): boolean {
    return this.share !== null && this.#left(gate) > 0 && this.share.room(limitOf(gate)) <= 0;
  }

  take(claim: SlotClaim, _nowMs: number, isFound: boolean): void {
    this.holders.set(claim.slot, claim);
    this.share?.took(claim, isFound);
  }

  give(slot: string): boolean {
    this.share?.gave(slot);
    return this.holders.delete(slot);
  }

  freesAtMs(): null {
    return null;
  }

  isIdle(): boolean {
    return this.holders.size === 0;
  }

  /** What the limit leaves of those that are held here. */
  #left(gate: Gate): number {
    return "limit" in gate ? gate.limit - this.holders.size : 0;
  }
}

function limitOf(gate: Gate): number {
  return "limit" in gate ? gate.limit : 0;
}
