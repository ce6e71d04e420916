/**
 * Gives up a session whose server does not answer. One timer for all its calls, armed again only when
 * it rings: the library's own is made and taken back for each call, which a lone commit feels.
 */
export class AnswerGuard {
  readonly #limitMs: number;
  readonly #giveUp: () => void;
  /** Since when an answer is awaited, on the monotonic clock. */
  #sinceMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(limitMs: number, giveUp: () => void) {
    this.#limitMs = limitMs;
    this.#giveUp = giveUp;
  }

  /** Waits for `work`, one at a time; calls giveUp() once it takes longer than the limit. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#sinceMs = performance.now();
    if (this.#timer === null) this.#arm(this.#limitMs);
    try {
      return await work();
    } finally {
      this.#sinceMs = null;
    }
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(afterMs: number): void {
    this.#timer = setTimeout(() => this.#look(), afterMs);
    // The connection keeps the process, not this.
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = null;
    if (this.#sinceMs === null) return;
    const leftMs = this.#sinceMs + this.#limitMs - performance.now();
    if (leftMs > 0) this.#arm(Math.ceil(leftMs));
    else this.#giveUp();
  }
}
