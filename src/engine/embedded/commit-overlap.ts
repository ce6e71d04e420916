/**
 * Whether the turns of a durable group go on in two halves. While they all go on at once the writer
 * has nothing to write, and while it writes what they have come to this thread has nothing to do: a
 * hundred runs in step with each other leave both idle half of the time. In two halves the second
 * one goes on while the successors of the first are written.
 *
 *   1. Only where this thread's part takes at least as long as the writer's: on a slow disk two
 *      commits cost more than the overlap saves.
 *   2. Only for groups of `turnsMin` turns: of few turns a commit's fixed cost is most of it.
 *
 * Pure counts; milliseconds. Both times are measured where the writer has nothing else to do, which
 * is where the question arises; old measurements fade.
 */

/** The newest measurement's share of what is believed. */
const NEWEST = 1 / 8;

export class CommitOverlap {
  readonly #turnsMin: number;
  /** null: not measured yet. */
  #commitMs: number | null = null;
  #turnMs: number | null = null;

  constructor(turnsMin: number) {
    this.#turnsMin = turnsMin;
  }

  /** Smaller groups are not asked about. */
  isLarge(turns: number): boolean {
    return turns >= this.#turnsMin;
  }

  /** How many turns of a group go on first: all, or half of them. */
  firstPart(turns: number): number {
    const isWorthIt = (this.#turnMs ?? 0) * turns >= (this.#commitMs ?? 0);
    return isWorthIt ? Math.ceil(turns / 2) : turns;
  }

  /** A commit was answered after so long. */
  committed(ms: number): void {
    this.#commitMs = blend(this.#commitMs, ms);
  }

  /** So many turns went on and came to their successors in so long. */
  wentOn(turns: number, ms: number): void {
    this.#turnMs = blend(this.#turnMs, ms / turns);
  }
}

function blend(believed: number | null, newest: number): number {
  return believed === null ? newest : believed + (newest - believed) * NEWEST;
}
