/**
 * How the turns of a durable group and the writer share the time: in two halves, in turns, or together.
 *
 * Whether the turns of a durable group go on in two halves. While they all go on at once the writer
 * has nothing to write, and while it writes what they have come to this thread has nothing to do: a
 * hundred runs in step with each other leave both idle half of the time. In two halves the second
 * one goes on while the successors of the first are written.
 *
 *   1. Only where this thread's part takes at least as long as the writer's: on a slow disk two
 *      commits cost more than the overlap saves.
 *   2. Only for groups of `turnsMin` turns: of few turns a commit's fixed cost is most of it.
 *
 * Where others were gathered behind the group they are sent first, as a rule, and the two groups take turns
 * from then on, each half as large as it could be. But a commit that takes long beside the turns (a slow disk,
 * a server that other hosts keep busy) costs the same for twice as many:
 *
 *   3. What is gathered waits for what the group comes to, where that takes a small part of a commit,
 *      and by experience something comes.
 *
 * Pure counts; milliseconds. Both times are measured where the writer has nothing else to do, which
 * is where the question arises; old measurements fade.
 */

/** The newest measurement's share of what is believed. */
const NEWEST = 1 / 8;
/** Turns that wait for others wait for this part of a commit, at most. */
const WAIT_SHARE = 0.3;
/** So often it is tried whether something comes, where nothing came before. */
const TRY_EVERY = 64;

export class CommitOverlap {
  readonly #turnsMin: number;
  /** null: not measured yet. */
  #commitMs: number | null = null;
  #turnMs: number | null = null;
  /** Of commits of all kinds. */
  #answerMs: number | null = null;
  /** Turns that a turn comes to at once. */
  #comes = 1;
  #asked = 0;

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

  /** Whether what is gathered behind so many turns waits for what they come to. */
  isWorthWaiting(turns: number): boolean {
    if (this.#turnMs === null || this.#answerMs === null) return true;
    if (++this.#asked % TRY_EVERY === 0) return true;
    return this.#turnMs * turns <= this.#answerMs * this.#comes * WAIT_SHARE;
  }

  /** Any commit was answered after so long. */
  answered(ms: number): void {
    this.#answerMs = blend(this.#answerMs, ms);
  }

  /** So many turns came to so many others in so long, while others waited. */
  cameTo(turns: number, others: number, ms: number): void {
    this.#comes = blend(this.#comes, Math.min(1, others / turns));
    this.wentOn(turns, ms);
  }

  /** A commit that nothing was gathered behind was answered after so long. */
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
