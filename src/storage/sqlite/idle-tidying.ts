/** Decides when a writer tidies: when no call has come for IDLE_MS. */

const IDLE_MS = 200;

export class IdleTidying {
  readonly #tidy: () => void;
  #timer: NodeJS.Timeout | null = null;
  #wasCalled = false;

  constructor(tidy: () => void) {
    this.#tidy = tidy;
  }

  /** With each call. */
  called(): void {
    this.#wasCalled = true;
    this.#timer ??= this.#arm();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(): NodeJS.Timeout {
    this.#wasCalled = false;
    return setTimeout(() => {
      if (this.#wasCalled) {
        this.#timer = this.#arm();
        return;
      }
      this.#timer = null;
      this.#tidy();
    }, IDLE_MS).unref();
  }
}
