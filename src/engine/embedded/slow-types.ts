/**
 * Pure node types that hold up turns: steps of such a type are computed off the turn until the
 * process ends. Judged by processor time, since on a busy machine any step may have to wait for the
 * processor: by the clock alone `data.set` was slow for good after one unlucky moment.
 *
 *   S1. A type is slow once an evaluation has used the processor for longer than OVERRUN_MS.
 *   S2. One that took as long without using it (it waits for something) is slow after
 *       LATE_MAX such evaluations in a row.
 */

/** Milliseconds; the pause that one evaluation may mean for everything else. */
export const OVERRUN_MS = 50;
const LATE_MAX = 3;

export class SlowTypes {
  readonly #slow = new Set<string>();
  /** Evaluations in a row that took long by the clock only. */
  readonly #late = new Map<string, number>();

  has(type: string): boolean {
    return this.#slow.has(type);
  }

  /** An evaluation was quick enough. */
  quick(type: string): void {
    if (this.#late.size > 0) this.#late.delete(type);
  }

  /** An evaluation took longer than OVERRUN_MS by the clock, `usedMs` of it on the processor. Answers whether it was the type's doing. */
  overran(type: string, usedMs: number): boolean {
    const late = (this.#late.get(type) ?? 0) + 1;
    this.#late.set(type, late);
    return usedMs > OVERRUN_MS || late >= LATE_MAX;
  }

  add(type: string): void {
    this.#slow.add(type);
  }
}
