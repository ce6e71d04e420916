/**
 * So many at a time, and the others in the order in which they came.
 *
 *   U1. Never more than `max` turns are taken: one that is given back goes to whoever has waited
 *       longest, so that nobody who comes later slips in between.
 *   U2. Who aborts while waiting leaves the queue at once.
 */
export class Turns {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Turns that are taken now. */
  get taken(): number {
    return this.#taken;
  }

  /** Resolves when there is a turn; who has it gives it back. Rejects with the reason of `signal`. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#taken < this.#max) this.#taken += 1;
    else
      await new Promise<void>((resolve, reject) => {
        const go = () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        };
        const giveUp = () => {
          this.#waiting.splice(this.#waiting.indexOf(go), 1);
          reject(signal.reason as Error);
        };
        this.#waiting.push(go);
        signal.addEventListener("abort", giveUp, { once: true });
      });
  }

  giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }
}
