/**
 * What an operator does with the store behind an engine: take runs out, copy it, let a copy run.
 * Failures are LockstitchError with the codes named at each method.
 */
import type { CallContext } from "#ports/call-context.ts";
import type { CheckpointMark } from "#ports/journal.ts";
import type { BackupFacts, StoreHold } from "#ports/upkeep.ts";
import type { QuotaView } from "./quota-view.ts";
import type { CheckpointRequest } from "./run-changes.ts";

export type { QuotaView } from "./quota-view.ts";

/** Checkpoints of one run that may be pinned. */
export const PINNED_MAX = 20;

/** What a held store would do again, as far as its journal tells. */
export interface DoubtView {
  readonly runId: string;
  readonly workflow: string;
  /** Paths of attempts that had started and had no outcome: their effect may have happened. */
  readonly attempts: readonly string[];
  /** Timers that are overdue and fire at once. */
  readonly overdueTimers: number;
}

export interface HoldView extends StoreHold {
  readonly openRuns: number;
  /** At most 1,000 runs. */
  readonly doubts: readonly DoubtView[];
}

export interface UpkeepStats {
  readonly removedRuns: number;
  readonly archivedRuns: number;
  readonly sweptBlobs: number;
  readonly sweptBytes: number;
  /** Rows of removed runs are still being given back. */
  readonly isPurging: boolean;
  readonly isDiskLow: boolean;
  readonly isHeld: boolean;
}

export interface EngineCare {
  /**
   * Saves the state of a run that has not ended, so that a restart begins there; answers once it is
   * durable. run_not_found, run_terminal; action_refused past PINNED_MAX, or for a state too large.
   */
  checkpoint(
    context: CallContext,
    runId: string,
    request: CheckpointRequest,
  ): Promise<CheckpointMark>;
  /** Newest first. run_not_found. */
  checkpoints(context: CallContext, runId: string): Promise<readonly CheckpointMark[]>;
  /** run_not_found, run_open. The id stays reserved; `reason` is kept with it. */
  deleteRun(context: CallContext, runId: string, reason?: string): Promise<void>;
  /** Writes the run to the archive and leaves it where it is. run_not_found, run_open. */
  archiveRun(
    context: CallContext,
    runId: string,
  ): Promise<{ readonly file: string; readonly bytes: number }>;
  /** Copies the store to `path`, a file of the caller's machine that must not exist. disk_low. */
  backup(context: CallContext, path: string): Promise<BackupFacts>;
  /** What the tenant and its workflows may use, and what of it is used; only what is limited. */
  quotas(context: CallContext): Promise<readonly QuotaView[]>;
  /** null: the store is no copy, or has been released. */
  hold(context: CallContext): Promise<HoldView | null>;
  /** Lets a held store run. Idempotent. */
  release(context: CallContext): Promise<void>;
}
