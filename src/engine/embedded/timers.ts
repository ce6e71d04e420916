/**
 * The durable timers of all runs: a heap over one armed wake of the clock. Durability is the
 * journal's; what stands here is found again in every run's pending effects.
 *
 *   T1. A timer fires once its instant has passed by the wall clock, never before.
 *   T2. Setting a key again replaces it; clearing one that is gone does nothing.
 *   T3. The wake is armed at most one minute ahead and looks at the clock again, so a jump of the
 *       wall clock, such as that of a machine that slept, is noticed within the minute.
 */
import type { Clock } from "#ports/clock.ts";
import { BinaryHeap } from "../binary-heap.ts";

const ARM_MS_MAX = 60_000;

interface Timer {
  readonly runId: string;
  readonly key: string;
  readonly dueAtMs: number;
  readonly order: number;
  isCleared: boolean;
}

export class Timers {
  readonly #clock: Clock;
  readonly #fire: (runId: string, key: string) => void;
  readonly #heap = new BinaryHeap<Timer>(
    (a, b) => a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.order < b.order),
  );
  readonly #byRun = new Map<string, Map<string, Timer>>();
  #order = 0;
  #cleared = 0;
  #armed: { readonly dueAtMs: number; readonly cancel: () => void } | null = null;
  #isClosed = false;

  constructor(clock: Clock, fire: (runId: string, key: string) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  get size(): number {
    return this.#heap.size - this.#cleared;
  }

  set(runId: string, key: string, dueAtMs: number): void {
    if (this.#isClosed) return;
    let ofRun = this.#byRun.get(runId);
    if (ofRun === undefined) {
      ofRun = new Map();
      this.#byRun.set(runId, ofRun);
    }
    const present = ofRun.get(key);
    if (present?.dueAtMs === dueAtMs) return;
    if (present !== undefined) this.#drop(present);
    const timer = { runId, key, dueAtMs, order: this.#order++, isCleared: false };
    ofRun.set(key, timer);
    this.#heap.push(timer);
    if (this.#armed === null || dueAtMs < this.#armed.dueAtMs) this.#arm();
  }

  clear(runId: string, key: string): void {
    const timer = this.#byRun.get(runId)?.get(key);
    if (timer === undefined) return;
    this.#forget(timer);
    this.#drop(timer);
  }

  clearRun(runId: string): void {
    const ofRun = this.#byRun.get(runId);
    if (ofRun === undefined) return;
    this.#byRun.delete(runId);
    for (const timer of ofRun.values()) this.#drop(timer);
  }

  close(): void {
    this.#isClosed = true;
    this.#armed?.cancel();
    this.#armed = null;
  }

  #forget(timer: Timer): void {
    const ofRun = this.#byRun.get(timer.runId);
    if (ofRun?.get(timer.key) !== timer) return;
    ofRun.delete(timer.key);
    if (ofRun.size === 0) this.#byRun.delete(timer.runId);
  }

  /** Marks a timer that is still in the heap. */
  #drop(timer: Timer): void {
    timer.isCleared = true;
    this.#cleared++;
    if (this.#cleared > 1_000 && this.#cleared > this.#heap.size / 2) {
      this.#heap.compact((kept) => !kept.isCleared);
      this.#cleared = 0;
    }
  }

  #next(): Timer | undefined {
    while (this.#heap.peek()?.isCleared) {
      this.#heap.pop();
      this.#cleared--;
    }
    return this.#heap.peek();
  }

  #arm(): void {
    this.#armed?.cancel();
    this.#armed = null;
    const next = this.#next();
    if (next === undefined || this.#isClosed) return;
    const delayMs = Math.min(Math.max(next.dueAtMs - this.#clock.nowMs(), 0), ARM_MS_MAX);
    this.#armed = {
      dueAtMs: next.dueAtMs,
      cancel: this.#clock.after(delayMs, () => this.#wake()),
    };
  }

  #wake(): void {
    this.#armed = null;
    const nowMs = this.#clock.nowMs();
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.dueAtMs > nowMs) break;
      this.#heap.pop();
      this.#forget(next);
      this.#fire(next.runId, next.key);
    }
    this.#arm();
  }
}
