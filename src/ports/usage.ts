/**
 * What tenants and workflows use up, as far as the operator limits it: kept by the minute, so that a
 * quota of an hour or a day is a sum of minutes, and the bytes that they keep.
 *
 * Promises (test/contract/usage.ts holds every adapter to them):
 *   N1. What a turn uses (TurnCommit.usage) is counted in the transaction of the turn, once, and of a
 *       fenced turn nothing is.
 *   N2. Openings that commit at once lose nothing of each other's, and do not wait for each other.
 *   N3. read() tells what other openings than this one have committed, those before this one included:
 *       its own is known to whoever committed it.
 *   N4. measure() sets what is stored to the bytes that are there at one instant; what is committed
 *       before and after it counts once.
 *
 * Minutes are epoch milliseconds of their beginning.
 */
export const MINUTE_MS = 60_000;

/** How long minutes are kept, at least: a day and what a clock may be off. */
export const USAGE_KEPT_MS = 25 * 3_600_000;

/** Of one turn. */
export interface TurnUsage {
  /** Of the run. */
  readonly workflow: string;
  readonly atMs: number;
  /** Attempts that have started. */
  readonly steps: number;
  /** Milliseconds that attempts took. */
  readonly attemptMs: number;
  /** Milliseconds of processor time that sandboxed code took. */
  readonly cpuMs: number;
  /** Of its journal row and the blobs that it refers to; 0 where nobody limits storage. */
  readonly bytes: number;
}

export interface MinuteUsage {
  readonly tenant: string;
  readonly workflow: string;
  readonly minuteMs: number;
  readonly steps: number;
  readonly attemptMs: number;
  readonly cpuMs: number;
}

export interface StoredUsage {
  readonly tenant: string;
  readonly workflow: string;
  readonly bytes: number;
}

export interface Usage {
  /** Minutes from that of `fromMs` on. */
  read(fromMs: number): Promise<readonly MinuteUsage[]>;
  /** By all openings, as measured last and counted since. */
  stored(): Promise<readonly StoredUsage[]>;
  /** Reads the whole journal: seldom. */
  measure(): Promise<void>;
}

/** The minute that `atMs` is in. */
export function minuteOf(atMs: number): number {
  return Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
}
