/**
 * The words for where a run and a step stand. Kernel, ports, wire and command line say the same
 * ones, so they are named here, where all of them may look.
 */

export const RUN_STATUSES = [
  "queued",
  "running",
  "waiting",
  "paused",
  "succeeded",
  "failed",
  "cancelled",
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Those of a run that has ended. */
export const ENDED_STATUSES = ["succeeded", "failed", "cancelled"] as const;
export type EndedStatus = (typeof ENDED_STATUSES)[number];

/** Of a step instance, as readers see it. */
export const STEP_STATUSES = [
  "pending",
  "waiting",
  "running",
  "retrying",
  "succeeded",
  "failed",
  "skipped",
  "blocked",
  "cancelled",
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];
