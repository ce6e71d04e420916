/**
 * What one subscriber has not read yet, bounded: beyond `max` the oldest messages go, and one gap that
 * stands in front of the others says how many. One reader.
 */
import type { Heard } from "#ports/pub-sub.ts";

export class HeardBuffer implements AsyncIterable<Heard> {
  readonly #max: number;
  #messages: { readonly channel: string; readonly text: string }[] = [];
  /** Messages that have gone, or null: nobody knows how many; 0: none. */
  #dropped: number | null = 0;
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(max: number) {
    this.#max = max;
  }

  add(channel: string, text: string): void {
    if (this.#isClosed) return;
    this.#messages.push({ channel, text });
    if (this.#messages.length > this.#max) {
      this.#messages.shift();
      if (this.#dropped !== null) this.#dropped++;
    }
    this.#wake();
  }

  /** Messages may have been lost: what is not read yet stands behind that. */
  gap(): void {
    this.#dropped = null;
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Heard> {
    while (!this.#isClosed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      yield* this.#taken();
      if (this.#dropped === 0 && this.#messages.length === 0 && !this.#isClosed) await promise;
    }
  }

  *#taken(): Generator<Heard> {
    while (!this.#isClosed) {
      const dropped = this.#dropped;
      this.#dropped = 0;
      if (dropped !== 0) {
        yield { kind: "gap", dropped };
        continue;
      }
      const message = this.#messages.shift();
      if (message === undefined) return;
      yield { kind: "message", ...message };
    }
  }
}
