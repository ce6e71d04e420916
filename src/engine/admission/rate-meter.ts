/**
 * A strict sliding window: in no window of `per`, wherever it begins, do more than `limit` attempts
 * start. A start counts from the instant at which the attempt really began; between its grant and
 * that instant it takes up room without end, so that a slow commit cannot bring two together.
 *
 *   R1. The newest starts that any limit here can look back on are kept, and no more.
 *   R2. What was granted and never started gives its room back.
 *   R3. Where several hosts count together, a start needs a token of theirs besides; what is counted
 *       here is then only what this host knows.
 */
import type { Gate, RateGate, SlotClaim } from "./claim.ts";
import type { Line, Meter } from "./line.ts";
import type { RateShare } from "./outside-room.ts";

/** Starts dropped together, so that dropping costs O(1) each. */
const DROPPED_MIN = 64;

export class RateMeter implements Meter {
  readonly name: string;
  readonly lines: Line[] = [];
  /** Tokens of what several hosts count together; null: this host counts for itself. */
  share: RateShare | null = null;
  /** Granted, and not started yet. */
  readonly #underWay = new Set<string>();
  /** Instants of starts, oldest first. */
  #starts: number[] = [];
  #limitMax = 0;
  #perMsMax = 0;

  constructor(name: string) {
    this.name = name;
  }

  room(gate: Gate, nowMs: number): number {
    if (gate.kind !== "rate_limit") return 0;
    const own = this.ownRoom(gate, nowMs);
    return this.share === null || own <= 0 ? own : Math.min(own, this.share.room(gate));
  }

  isShort(gate: Gate, nowMs: number): boolean {
    if (this.share === null || gate.kind !== "rate_limit") return false;
    return this.share.room(gate) <= 0 && this.ownRoom(gate, nowMs) > 0;
  }

  /** What the starts of this host leave of the limit. */
  ownRoom(gate: RateGate, nowMs: number): number {
    this.#limitMax = Math.max(this.#limitMax, gate.limit);
    this.#perMsMax = Math.max(this.#perMsMax, gate.perMs);
    return gate.limit - this.#underWay.size - this.#startsAfter(nowMs - gate.perMs);
  }

  take({ slot, gates }: SlotClaim, _nowMs: number, isFound: boolean): void {
    this.#underWay.add(slot);
    if (this.share === null) return;
    for (const gate of gates ?? [])
      if (gate.kind === "rate_limit" && gate.name === this.name)
        return this.share.took(slot, gate, isFound);
  }

  give(slot: string): boolean {
    this.share?.gave(slot);
    return this.#underWay.delete(slot);
  }

  /** The attempt begins at `atMs`. False: it may not, its start may be others' by now (R3). */
  started(slot: string, atMs: number): boolean {
    if (this.share?.isLate(slot, atMs) === true) return false;
    if (!this.#underWay.delete(slot)) return true;
    this.share?.began(slot, atMs);
    this.#starts.push(atMs);
    const spare = this.#starts.length - this.#limitMax;
    if (spare > Math.max(DROPPED_MIN, this.#limitMax)) this.#starts = this.#starts.slice(spare);
    return true;
  }

  /** Starts of before, as the store has them. */
  restore(starts: readonly number[], perMs: number): void {
    this.#starts = [...starts].sort((a, b) => a - b);
    this.#perMsMax = Math.max(this.#perMsMax, perMs);
  }

  freesAtMs(gate: Gate, ahead: number, nowMs: number): number | null {
    if (gate.kind !== "rate_limit") return null;
    const ownMs = this.#ownFreesAtMs(gate, ahead, nowMs);
    if (this.share === null || ownMs === null || this.share.room(gate) > ahead) return ownMs;
    const sharedMs = this.share.freesAtMs(gate);
    if (sharedMs === null) return null;
    return Math.max(ownMs, sharedMs + Math.floor(ahead / gate.limit) * gate.perMs);
  }

  #ownFreesAtMs(gate: RateGate, ahead: number, nowMs: number): number | null {
    const left = gate.limit - this.#underWay.size;
    // Those under way start about now.
    const place = this.#starts.length - left + (ahead % gate.limit);
    const rounds = Math.floor(ahead / gate.limit);
    const start = place < 0 ? nowMs - gate.perMs : (this.#starts[place] ?? nowMs);
    if (ahead === 0 && left <= 0) return null;
    return Math.max(nowMs, start + gate.perMs) + rounds * gate.perMs;
  }

  isIdle(nowMs: number): boolean {
    const last = this.#starts.at(-1);
    if (this.share?.isIdle === false) return false;
    return this.#underWay.size === 0 && (last === undefined || last <= nowMs - this.#perMsMax);
  }

  /** Binary search: a start exactly `per` ago is outside the window. */
  #startsAfter(instantMs: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= instantMs) low = middle + 1;
      else high = middle;
    }
    return starts.length - low;
  }
}
