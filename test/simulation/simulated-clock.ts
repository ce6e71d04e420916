/**
 * A clock that stands still until a test moves it. Everything that waits through the Clock port
 * waits here, so a simulated hour takes microseconds and happens the same way every time.
 *
 *   S1. Time moves only in advanceTo, advanceBy, runUntilIdle, wakeNext and jumpWallClock.
 *   S2. Timers wake in order of their due time; equal ones in the order in which they were armed.
 *   S3. While a timer's wake runs, the clock shows the instant at which it was due.
 *   S4. Between two wakes every promise continuation that can run has run (`settle`).
 *
 * Instants are epoch milliseconds. Timers follow the monotonic time: a jump of the wall clock
 * moves none of them, as on a real machine.
 */
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Clock } from "#ports/clock.ts";

const DELAY_MS_MAX = 3_600_000;

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly wake: () => void;
  isCancelled: boolean;
}

export class SimulatedClock implements Clock {
  #elapsedMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  #armed = 0;
  /** Binary heap by (dueMs, order); cancelled timers leave when they come up. */
  readonly #heap: Timer[] = [];

  constructor(startAtMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startAtMs;
  }

  nowMs(): number {
    return this.#wallOffsetMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, wake: () => void): () => void {
    const timer: Timer = {
      dueMs: this.#elapsedMs + Math.min(Math.max(delayMs, 0), DELAY_MS_MAX),
      order: this.#order++,
      wake,
      isCancelled: false,
    };
    this.#armed++;
    push(this.#heap, timer);
    return () => {
      if (timer.isCancelled) return;
      timer.isCancelled = true;
      this.#armed--;
    };
  }

  /** How many timers wait. */
  get armed(): number {
    return this.#armed;
  }

  /** When the next timer is due by the wall clock, or null. */
  get nextDueAtMs(): number | null {
    const next = this.#peek();
    return next === undefined ? null : next.dueMs + this.#wallOffsetMs;
  }

  /** Wakes the next timer, moving time to its instant. False when none is armed. Runs no continuation. */
  wakeNext(): boolean {
    const timer = this.#peek();
    if (timer === undefined) return false;
    pop(this.#heap);
    timer.isCancelled = true;
    this.#armed--;
    this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs);
    timer.wake();
    return true;
  }

  /** Lets every promise continuation run that needs no timer. */
  async settle(): Promise<void> {
    // One turn of the event loop empties the microtask queue to the bottom.
    await yieldToEventLoop();
  }

  /** Wakes what is due up to `atMs` of the wall clock, then stands at that instant. */
  async advanceTo(atMs: number): Promise<void> {
    const targetMs = atMs - this.#wallOffsetMs;
    await this.settle();
    for (;;) {
      const next = this.#peek();
      if (next === undefined || next.dueMs > targetMs) break;
      this.wakeNext();
      await this.settle();
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, targetMs);
  }

  async advanceBy(durationMs: number): Promise<void> {
    await this.advanceTo(this.nowMs() + durationMs);
  }

  /**
   * Wakes timers in order until none is armed; answers how many woke. Throws after `wakesMax`,
   * because timers that re-arm themselves for ever are never idle.
   */
  async runUntilIdle(wakesMax = 100_000): Promise<number> {
    let wakes = 0;
    await this.settle();
    while (this.wakeNext()) {
      if (++wakes > wakesMax) throw new Error(`simulated clock: not idle after ${wakesMax} wakes`);
      await this.settle();
    }
    return wakes;
  }

  /** The wall clock jumps (back, too); monotonic time and timers stay. */
  jumpWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  #peek(): Timer | undefined {
    while (this.#heap[0]?.isCancelled) pop(this.#heap);
    return this.#heap[0];
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let index = heap.length;
  heap.push(timer);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !isBefore(timer, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = heap[2 * index + 1];
    if (left === undefined) break;
    const right = heap[2 * index + 2];
    const isRight = right !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (!isBefore(child, last)) break;
    heap[index] = child;
    index = 2 * index + (isRight ? 2 : 1);
  }
  heap[index] = last;
}
