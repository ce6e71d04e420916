/**
 * What the engine and the server report about their work, for metrics. Called on hot paths: an
 * implementation counts plain numbers and never throws; durations are milliseconds.
 */
import type { ErrorCode } from "#errors/errors.ts";

export type AttemptEnd = "succeeded" | "failed" | "aborted";

export type InstantOutcome = "fired" | "skipped" | "missed" | "failed";
/** Why an instant of a schedule started nothing; "" of one that did. */
export type InstantReason =
  | ""
  | "overlap"
  | "queue_full"
  | "replaced"
  | "paused"
  | "catch_up"
  | ErrorCode;

export interface InstantLabels {
  readonly tenant: string;
  readonly workflow: string;
  readonly outcome: InstantOutcome;
  readonly reason: InstantReason;
}

/** `filtered`: the filter said no; `failed`: filter or input could not be evaluated, or the start was refused. */
export type CallOutcome =
  | "started"
  | "repeated"
  | "filtered"
  | "paused"
  | "unauthorized"
  | "failed";

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
  /** What became of instants of a schedule is durable. */
  instants(labels: InstantLabels, count: number): void;
  /** A scheduled run was started so long after it was due. */
  late(lateMs: number): void;
  /** Schedules could not be looked at, or one of them could not be read. */
  firingFailed(): void;
  /** What an event or a call of a webhook came to, for each trigger that it found. */
  called(kind: "event" | "webhook", outcome: CallOutcome): void;
  /** `route` is the pattern, never the address that was called. */
  request(method: string, route: string, status: number, tookMs: number): void;
}
