/**
 * At most so many of something that serves one user at a time: Redis clients, SQLite processes.
 *
 * P1. A part is lent to one user. Who breaks it (abort, failure) drops it; a new one takes its place.
 * P2. Idle parts are ended after IDLE_MS, and all of them by close(), which waits for those in use.
 */
import { Turns } from "../turns.ts";

const IDLE_MS = 10_000;

interface Made<Part> {
  readonly make: (signal: AbortSignal) => Promise<Part>;
  /** Must not reject. */
  readonly end: (part: Part) => Promise<void>;
  readonly isAlive: (part: Part) => boolean;
}

export class BoundedPool<Part> {
  readonly #turns: Turns;
  readonly #parts: Made<Part>;
  readonly #idle: { readonly part: Part; readonly timer: NodeJS.Timeout }[] = [];
  #isClosed = false;
  #drained: (() => void) | null = null;

  constructor(max: number, parts: Made<Part>) {
    this.#turns = new Turns(max);
    this.#parts = parts;
  }

  /** Parts that are open: in use or idle. */
  get size(): number {
    return this.#turns.taken + this.#idle.length;
  }

  /** Lends a part to `use`, which answers whether it can be used again. Rejects when `signal` aborts. */
  async lend<T>(
    signal: AbortSignal,
    use: (part: Part, broken: () => void) => Promise<T>,
  ): Promise<T> {
    await this.#turns.take(signal);
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
      this.#turns.giveBack();
      if (this.#turns.taken === 0) this.#drained?.();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const idle = this.#idle.splice(0);
    for (const { timer } of idle) clearTimeout(timer);
    await Promise.all(idle.map(({ part }) => this.#parts.end(part)));
    if (this.#turns.taken > 0)
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
}
