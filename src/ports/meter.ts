/**
 * What the engine and the server report about their work, for metrics. Called on hot paths: an
 * implementation counts plain numbers and never throws; durations are milliseconds.
 */
export type AttemptEnd = "succeeded" | "failed" | "aborted";

export interface Meter {
  /** A run's first turn, or its last one, is durable. */
  runStarted(tenant: string, workflow: string): void;
  runEnded(tenant: string, workflow: string, status: string): void;
  /** Events of a committed turn, by type. */
  event(type: string): void;
  /** A node has ended. */
  attempt(type: string, outcome: AttemptEnd, tookMs: number): void;
  /** A group of turns is durable; `size` is the characters of its events. */
  commit(turns: number, size: number, tookMs: number): void;
  /** `route` is the pattern, never the address that was called. */
  request(method: string, route: string, status: number, tookMs: number): void;
}
