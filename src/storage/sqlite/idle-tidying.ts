/** Decides when a writer tidies: past a WAL size at once, else when no call has come for IDLE_MS. */
import type { GroupWriter } from "./group-writer.ts";

const IDLE_MS = 200;

export class IdleTidying {
  readonly #writer: GroupWriter;
  #timer: NodeJS.Timeout | null = null;
  #wasCalled = false;

  constructor(writer: GroupWriter) {
    this.#writer = writer;
  }

  /** After each call. */
  called(): void {
    this.#wasCalled = true;
    if (this.#writer.isWalLarge) this.#writer.tidy();
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
      this.#writer.tidy();
    }, IDLE_MS).unref();
  }
}
