/**
 * Questions to a store that may be away, for steps that cannot go on without the answer: asked again
 * each second for as long as it takes, because a store comes back and a step that was failed does not.
 *
 *   1. Only `store_unavailable` is waited out. Any other failure stays what it is however often it is
 *      asked again: who asked is told, at once.
 *   2. Who waits is known while it lasts, so that explain can say it; the log says once that it began
 *      and once that it is over.
 */
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import { isStoreAway } from "./run-errors.ts";

export type Asked<Answer> =
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "failed"; readonly error: unknown }
  /** The host closes, or nobody wants the answer any more: nobody is to be told anything. */
  | { readonly kind: "closed" };

/** Whether a step waits for the answer. */
export type Concerns = (runKey: string, path: string) => boolean;

const RETRY_MS = 1_000;

interface Question<Answer> {
  readonly ask: () => Promise<Answer>;
  readonly concerns: Concerns;
  readonly isWanted: () => boolean;
}

const always = () => true;

export class Patience {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** What is asked for, as the log names it. */
  readonly #what: string;
  readonly #pauses = new Set<() => void>();
  /** Questions that the store has not answered. */
  readonly #open = new Set<Concerns>();
  #isClosed = false;

  constructor(what: string, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#what = what;
    this.#clock = clock;
    this.#logger = logger;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the step waits for a store that did not answer. */
  isAwayFor(runKey: string, path: string): boolean {
    for (const concerns of this.#open) if (concerns(runKey, path)) return true;
    return false;
  }

  /** Never rejects. The question is not put again once `isWanted` says no. */
  async ask<Answer>(
    ask: () => Promise<Answer>,
    concerns: Concerns,
    isWanted: () => boolean = always,
  ): Promise<Asked<Answer>> {
    const asked = await this.#untilAnswered({ ask, concerns, isWanted });
    if (this.#open.delete(concerns) && this.#open.size === 0 && asked.kind !== "closed")
      this.#logger.info({ what: this.#what }, "the store answers again");
    return this.#isClosed ? { kind: "closed" } : asked;
  }

  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#pauses) cancel();
    this.#pauses.clear();
  }

  async #untilAnswered<Answer>({
    ask,
    concerns,
    isWanted,
  }: Question<Answer>): Promise<Asked<Answer>> {
    if (this.#isClosed) return { kind: "closed" };
    do {
      try {
        return { kind: "answered", answer: await ask() };
      } catch (error) {
        if (!isStoreAway(error)) return { kind: "failed", error };
        this.#isAway(concerns, error);
      }
      await this.#pause();
    } while (!this.#isClosed && isWanted());
    return { kind: "closed" };
  }

  #isAway(concerns: Concerns, error: Error): void {
    if (this.#open.size === 0)
      this.#logger.warn(
        { what: this.#what, error: error.message },
        "the store does not answer; steps wait until it does",
      );
    this.#open.add(concerns);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(RETRY_MS, () => {
        this.#pauses.delete(cancel);
        resolve();
      });
      this.#pauses.add(cancel);
    });
  }
}
