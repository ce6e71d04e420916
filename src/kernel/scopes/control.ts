/**
 * What a step with inner scopes remembers between its events, one shape for each kind. Set by the
 * `control` field of step.started, changed by the scopes that open and close below the step.
 * Everything here is plain data, so that a checkpoint is JSON.stringify.
 */
import type { StepError } from "#errors/step-error.ts";
import type { Compensable } from "../compensable.ts";
import type { ValueRef } from "../value-ref.ts";

/** How an inner scope ended. */
export interface ScopeOutcome {
  readonly outcome: "succeeded" | "failed" | "cancelled";
  readonly output: ValueRef;
  readonly error: StepError | null;
  readonly errorPath: string | null;
}

/** `if` and `switch`: one slot was chosen. */
export interface BranchControl {
  readonly kind: "branch";
  readonly port: string;
  readonly slot: string;
  opened: boolean;
  result: ScopeOutcome | null;
}

export interface ParallelControl {
  readonly kind: "parallel";
  readonly join: "all" | "any" | "first";
  /** Branches in definition order; null until opened. */
  opened: number;
  results: Record<string, ScopeOutcome>;
  /** Slots in the order in which they closed. */
  order: string[];
}

export interface TryControl {
  readonly kind: "try";
  phase: "body" | "catch" | "finally";
  opened: boolean;
  /** How body (or catch) ended; null while it runs. */
  result: ScopeOutcome | null;
  /** The catch clause to open next. */
  catchSlot: string | null;
  /** How finally ended. */
  cleanup: ScopeOutcome | null;
}

export interface SagaControl {
  readonly kind: "saga";
  /** Its body or a compensation is open. */
  opened: boolean;
  /** How the body ended; null while it runs. */
  result: ScopeOutcome | null;
  /** What is left to undo; in order of completion once the body has ended, the last one goes first. */
  compensables: Compensable[];
  /** What there was to undo when the body ended. */
  total: number;
  /** The path that is being undone. */
  undoing: string | null;
  /** Compensations that failed; the first FAILURES_MAX of them in full. */
  failed: number;
  failures: { readonly path: string; readonly error: StepError }[];
}

/** Failed compensations that an error lists one by one. */
export const FAILURES_MAX = 100;

export interface WhileControl {
  readonly kind: "while";
  readonly maxIterations: number;
  readonly check: "before" | "after";
  carry: Record<string, ValueRef>;
  /** Passes that have closed. */
  passes: number;
  running: boolean;
  last: ScopeOutcome | null;
}

export interface EachControl {
  readonly kind: "for_each";
  /** Of a stream that is being read: those that are stored. */
  count: number;
  readonly concurrency: number;
  readonly continueOnError: boolean;
  readonly collect: boolean;
  /** Items of an object: their keys are stored beside them. */
  readonly keyed: boolean;
  /** Set when items are counted, not stored. */
  readonly range: { readonly start: number; readonly step: number } | null;
  /** What is known of the stream that the items come from; absent: they come from no stream. */
  readonly stream?: StreamControl;
  /** Sequence numbers of the items' chunks, in order. */
  itemChunks: number[];
  stored: number;
  /** Index of the next item to open. */
  next: number;
  running: number;
  succeeded: number;
  failed: number;
  /** The first failure in journal order. */
  firstError: { readonly error: StepError; readonly path: string } | null;
  /** Chunks of results that are not complete yet, by chunk number. */
  openChunks: Record<string, OpenChunk>;
  /** Sequence numbers of complete chunks of results, by chunk number. */
  resultChunks: (number | null)[];
}

/** Chunks of a stream are bounded by size as well: they have as many items as fit. */
export interface StreamControl {
  readonly batch: number | null;
  isRead: boolean;
  /** Where the reader goes on: it alone knows what that means. */
  position: ValueRef;
  /** Index of the first item of each chunk. */
  starts: number[];
}

export interface OpenChunk {
  settled: number;
  results: (ValueRef | null)[];
  failed: { readonly index: number; readonly error: StepError }[];
}

export type Control =
  | BranchControl
  | ParallelControl
  | TryControl
  | SagaControl
  | WhileControl
  | EachControl;
