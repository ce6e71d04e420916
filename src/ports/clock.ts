/**
 * The only way anything learns the time or waits for it. Instants are epoch milliseconds.
 * Production plugs in the machine's clock, tests and the simulator one that they move by hand.
 */
export interface Clock {
  nowMs(): number;
  /** Milliseconds that never jump; only differences mean something. */
  monotonicMs(): number;
  /** Milliseconds of processor time of this thread; absent: nobody knows, and the clock must do. */
  cpuMs?(): number;
  /**
   * Calls `wake` once, not before `delayMs` has passed (at most one hour ahead; callers re-arm).
   * Returns what cancels it. Never keeps the process alive by itself.
   */
  after(delayMs: number, wake: () => void): () => void;
}

/** Chance, injected so that a simulation can own it: a float in [0, 1). */
export interface Random {
  next(): number;
}

/** Identifiers that nobody else has made. */
export interface Ids {
  /** `run_` and 26 characters that sort by time. */
  runId(): string;
  commitId(): string;
}
