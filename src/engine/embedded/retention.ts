/** How long runs are kept after their end; housekeeping.ts acts on it. */
import type { EndedStatus } from "#workflow/statuses.ts";

export interface RetentionOptions {
  /** Days after the end; 0: for ever. */
  readonly days: Readonly<Record<EndedStatus, number>>;
  /** The same for single workflows, whatever the status. */
  readonly workflowDays: Readonly<Record<string, number>>;
  /** Above it the oldest ended runs go, however young; null: no limit. */
  readonly storeBytesMax: number | null;
  /** Whether a run is archived before it goes. */
  readonly isArchived: boolean;
}

export const KEEP_30_DAYS: RetentionOptions = {
  days: { succeeded: 30, failed: 30, cancelled: 30 },
  workflowDays: {},
  storeBytesMax: null,
  isArchived: false,
};
