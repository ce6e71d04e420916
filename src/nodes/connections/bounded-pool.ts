/**
 * At most so many of something that serves one user at a time: Redis clients, SQLite processes.
 *
 * P1. A part is lent to one user. Who breaks it (abort, failure) drops it; a new one takes its place.
 * P2. Idle parts are ended after IDLE_MS, and all of them by close(), which waits for those in use.
 * P3. Who aborts while waiting for a turn leaves the queue at once.
 */
const IDLE_MS = 10_000;

interface Made<Part> {
  readonly make: (signal: AbortSignal) => Promise<Part>;
  /** Must not reject. */
  readonly end: (part: Part) => Promise<void>;
  readonly isAlive: (part: Part) => boolean;
}

export class BoundedPool<Part> {
  readonly #max: number;
  readonly #parts: Made<Part>;
  readonly #idle: { readonly part: Part; readonly timer: NodeJS.Timeout }[] = [];
  readonly #waiting: (() => void)[] = [];
  #used = 0;
  #isClosed = false;
  #drained: (() => void) | null = null;

  constructor(max: number, parts: Made<Part>) {
    this.#max = max;
    this.#parts = parts;
  }

  /** Parts that are open: in use or idle. */
  get size(): number {
    return this.#used + this.#idle.length;
  }

  /** Lends a part to `use`, which answers whether it can be used again. Rejects when `signal` aborts. */
  async lend<T>(
    signal: AbortSignal,
    use: (part: Part, broken: () => void) => Promise<T>,
  ): Promise<T> {
    await this.#turn(signal);
    try {
      const part = this.#takeIdle() ?? (await this.#parts.make(signal));
      let isBroken = false;
      try {
        return await use(part, () => {
          isBroken = true;
        });
      } catch (error) {
        isBroken ||= signal.aborted;
        throw error;
      } finally {
        if (isBroken || this.#isClosed || !this.#parts.isAlive(part)) await this.#parts.end(part);
        else this.#keep(part);
      }
    } finally {
      // A turn is handed on, so that nobody comes in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#used -= 1;
      else next();
      if (this.#used === 0) this.#drained?.();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const idle = this.#idle.splice(0);
    for (const { timer } of idle) clearTimeout(timer);
    await Promise.all(idle.map(({ part }) => this.#parts.end(part)));
    if (this.#used > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
  }

  #takeIdle(): Part | null {
    for (let found = this.#idle.pop(); found !== undefined; found = this.#idle.pop()) {
      clearTimeout(found.timer);
      if (this.#parts.isAlive(found.part)) return found.part;
      void this.#parts.end(found.part);
    }
    return null;
  }

  #keep(part: Part): void {
    const timer = setTimeout(() => {
      const at = this.#idle.findIndex((idle) => idle.part === part);
      if (at >= 0) this.#idle.splice(at, 1);
      void this.#parts.end(part);
    }, IDLE_MS);
    timer.unref();
    this.#idle.push({ part, timer });
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#used < this.#max) this.#used += 1;
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
}
