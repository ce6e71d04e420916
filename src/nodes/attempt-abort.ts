/**
 * How an attempt is told to stop. The AbortSignal that nodes know is made when a node first asks
 * for it: most never do, and it is the dearest thing about an attempt that does little.
 *
 *   A1. `abort` tells at most once; who asks for the signal later gets an aborted one.
 */
export class AttemptAbort {
  readonly #controller = new AbortController();
  #signal: AbortSignal | null = null;
  #listener: (() => void) | null = null;
  #isAborted = false;

  /** One that aborts with `signal`. */
  static following(signal: AbortSignal): AttemptAbort {
    const abort = new AttemptAbort();
    abort.#signal = signal;
    if (signal.aborted) abort.#isAborted = true;
    else signal.addEventListener("abort", () => abort.abort(), { once: true });
    return abort;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#controller.signal;
    return this.#signal;
  }

  /** Calls `listener` when it aborts; null: nobody listens any more. There is one listener. */
  listen(listener: (() => void) | null): void {
    this.#listener = listener;
  }

  abort(): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#controller.abort();
    this.#listener?.();
  }
}
