/** What a saga remembers of a step that it may have to undo: references, never values. Plain data. */
import type { StepError } from "#errors/step-error.ts";
import type { ValueRef } from "./value-ref.ts";

/** What an expression may read of a step whose scope has closed. */
export interface CapturedStep {
  readonly status: "succeeded" | "failed" | "skipped" | "blocked" | "cancelled";
  readonly attempt: number;
  readonly output: ValueRef;
  readonly error: StepError | null;
}

export interface Compensable {
  /** Of the step instance that is undone. */
  readonly path: string;
  /** Its compensation, by position in Plan.scopes. */
  readonly scope: number;
  /** Sequence number of its completion. */
  readonly seq: number;
  readonly outcome: "succeeded" | "unknown";
  readonly output: ValueRef;
  readonly locals?: Readonly<Record<string, ValueRef>>;
  readonly steps?: Readonly<Record<string, CapturedStep>>;
}
