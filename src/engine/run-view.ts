/** A run as callers of the engine see it, whole and in lists. */
import type { StepError } from "#errors/step-error.ts";
import type { TriggerOrigin } from "#kernel/run-links.ts";
import type { RunStatus } from "#workflow/statuses.ts";

/** A run as people and machines see it. Instants are epoch milliseconds here, ISO text over HTTP. */
export interface RunView {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: RunStatus;
  readonly input: unknown;
  /** null until the run has succeeded. */
  readonly output: unknown;
  readonly error: (StepError & { readonly path?: string }) | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly parentRunId: string | null;
  /** The run that this one is a rerun of. */
  readonly forkedFrom: string | null;
  /** The run whose `workflow.continue` started this one. */
  readonly continuedFrom: string | null;
  /** The run that goes on in its place; it ended with `workflow.continue`. */
  readonly continuedTo: string | null;
  /** The first run of its chain of continued runs: itself where there is none. */
  readonly chainId: string;
  /** The schedule, event or webhook that started it; null: a caller, or another run. */
  readonly trigger: TriggerOrigin | null;
  /** What people should know although the run goes on. */
  readonly warnings: readonly string[];
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Sequence number of the last event: where a stream goes on. */
  readonly seq: number;
}

/** A run without payloads, for lists. */
export type RunSummary = Omit<
  RunView,
  | "input"
  | "output"
  | "error"
  | "forkedFrom"
  | "continuedFrom"
  | "continuedTo"
  | "chainId"
  | "trigger"
  | "warnings"
> & {
  readonly errorCode: string | null;
};
