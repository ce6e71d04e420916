/**
 * Places for runs that are about to be started, on all hosts together. A place is asked for before
 * the start and taken by the commit that creates the run; where that never comes the place is free
 * again after RESERVED_MS. A store that has one owner has no such port: its owner counts by itself.
 *
 * Promises (test/contract/start-quotas.ts):
 *   P1. Open runs of a tenant, and of a workflow of it, and places that are held are never more
 *       than its limit when a place is given, whatever hosts ask at once. Runs that others than callers
 *       start (children, successors) count, and need no place.
 *   P2. Places given in any minute are never more than the limit of starts in a minute.
 *   P3. A turn that creates a run with `isReserved` is fenced where its place is gone.
 *   P4. A place that is given back counts for nothing.
 */

/** null: there is no such limit. */
export interface StartLimits {
  readonly openRuns: number | null;
  readonly startsPerMinute: number | null;
}

export interface StartDemand {
  readonly tenant: string;
  readonly workflow: string;
  readonly runId: string;
  readonly ofTenant: StartLimits;
  readonly ofWorkflow: StartLimits;
}

/** Why a place is refused. */
export interface StartRefusal {
  readonly scope: "tenant" | "workflow";
  readonly kind: keyof StartLimits;
  readonly used: number;
  /** When to ask again; null: when a run ends. */
  readonly retryAfterMs: number | null;
}

/** For how long a place is held. */
export const RESERVED_MS = 60_000;

export interface StartQuotas {
  /** In their order; null: a place is held. At most 1,000. */
  reserve(demands: readonly StartDemand[]): Promise<readonly (StartRefusal | null)[]>;
  giveBack(starts: readonly Pick<StartDemand, "tenant" | "runId">[]): Promise<void>;
}
