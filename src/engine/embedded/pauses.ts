/**
 * Waits between two questions to a store that is away, which a host that closes must not wait for.
 *
 *   P1. After end() no wait is armed, and those that were never resolve: what waited has nobody left to tell.
 */
import type { Clock } from "#ports/clock.ts";

export class Pauses {
  readonly #clock: Clock;
  readonly #armed = new Set<() => void>();
  #hasEnded = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#hasEnded) return;
      const cancel = this.#clock.after(ms, () => {
        this.#armed.delete(cancel);
        resolve();
      });
      this.#armed.add(cancel);
    });
  }

  end(): void {
    this.#hasEnded = true;
    for (const cancel of this.#armed) cancel();
    this.#armed.clear();
  }
}
