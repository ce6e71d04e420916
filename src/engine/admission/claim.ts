/**
 * What asks for admission: a claim names the slot it wants and the gates that it must pass. Names
 * of gates hold the tenant where they are a tenant's own, so that no two tenants ever share one.
 */
import type { UsageWindow } from "./usage-window.ts";

/**
 * So many at the same time: a concurrency key, a bulkhead of the operator, a tenant's quota, or the
 * quarantine of attempts that may be what ended their host.
 */
export interface SlotsGate {
  readonly kind: "concurrency" | "bulkhead" | "quota" | "quarantine";
  readonly name: string;
  /** What people call it: the key as the workflow gave it, or the bulkhead's name. */
  readonly key: string;
  readonly limit: number;
}

/** At most `limit` starts in any window of `perMs`. */
export interface RateGate {
  readonly kind: "rate_limit";
  readonly name: string;
  readonly key: string;
  readonly limit: number;
  readonly perMs: number;
}

/** Closed after failures in a row, tried again by one probe at a time. */
export interface BreakerGate {
  readonly kind: "circuit_breaker";
  readonly name: string;
  readonly key: string;
  readonly failureThreshold: number;
  readonly resetAfterMs: number;
}

/**
 * What hours and days may use, of one tenant or workflow: all of its windows are one gate. People call
 * each a quota, as they do one of attempts at once.
 */
export interface UsageGate {
  readonly kind: "usage";
  readonly name: string;
  readonly key: string;
  readonly windows: readonly UsageWindow[];
}

export type Gate = SlotsGate | RateGate | BreakerGate | UsageGate;

export interface SlotClaim {
  /** Names the slot: one holder, one slot. */
  readonly slot: string;
  readonly tenant: string;
  readonly runId: string;
  /** What is granted: a step's path, or "" for the run itself. */
  readonly path: string;
  /** 0 to 10, higher first. */
  readonly priority: number;
  /** Of two claims of one run and one priority the greater goes first (fair-queue.ts, Q3). */
  readonly rank: number;
  /** Since when it asks, by the wall clock: what ageing counts. */
  readonly sinceMs: number;
  /** When it is too late, by the wall clock; null: never. */
  readonly deadlineAtMs: number | null;
  /** null: only the bound on all attempts. The gates of the workflow itself come first. */
  readonly gates: readonly Gate[] | null;
}
