/**
 * A strict sliding window: in no window of `per`, wherever it begins, do more than `limit` attempts
 * start. A start counts from the instant at which the attempt really began; between its grant and
 * that instant it takes up room without end, so that a slow commit cannot bring two together.
 *
 *   R1. The newest starts that any limit here can look back on are kept, and no more.
 *   R2. What was granted and never started gives its room back.
 */
import type { Gate, SlotClaim } from "./claim.ts";
import type { Line, Meter } from "./line.ts";

/** Starts dropped together, so that dropping costs O(1) each. */
const DROPPED_MIN = 64;

export class RateMeter implements Meter {
  readonly name: string;
  readonly lines: Line[] = [];
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
    this.#limitMax = Math.max(this.#limitMax, gate.limit);
    this.#perMsMax = Math.max(this.#perMsMax, gate.perMs);
    return gate.limit - this.#underWay.size - this.#startsAfter(nowMs - gate.perMs);
  }

  take({ slot }: SlotClaim, _nowMs: number): void {
    this.#underWay.add(slot);
  }

  give(slot: string): boolean {
    return this.#underWay.delete(slot);
  }

  /** The attempt has begun at `atMs`. */
  started(slot: string, atMs: number): void {
    if (!this.#underWay.delete(slot)) return;
    this.#starts.push(atMs);
    const spare = this.#starts.length - this.#limitMax;
    if (spare > Math.max(DROPPED_MIN, this.#limitMax)) this.#starts = this.#starts.slice(spare);
  }

  /** Starts of before, as the store has them. */
  restore(starts: readonly number[], perMs: number): void {
    this.#starts = [...starts].sort((a, b) => a - b);
    this.#perMsMax = Math.max(this.#perMsMax, perMs);
  }

  freesAtMs(gate: Gate, ahead: number, nowMs: number): number | null {
    if (gate.kind !== "rate_limit") return null;
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
