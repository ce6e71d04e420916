/** A run's status as the number that a store keeps: open ones first, in the order of the kernel's words. */
import type { RunStatus } from "#ports/journal.ts";

/** The index is what the column holds. Up to STATUS_OPEN_MAX a run is open (partial indexes say so, too). */
export const STATUSES: readonly RunStatus[] = [
  "queued",
  "running",
  "waiting",
  "paused",
  "succeeded",
  "failed",
  "cancelled",
];

export const STATUS_OPEN_MAX = 3;
/** Of a run whose rows are to go: nobody sees it any more. */
export const STATUS_REMOVED = 7;

const NUMBERS: ReadonlyMap<RunStatus, number> = new Map(STATUSES.map((name, n) => [name, n]));

export function statusNumber(status: RunStatus): number {
  const number = NUMBERS.get(status);
  if (number === undefined) throw new TypeError(`unknown run status ${status}`);
  return number;
}

export function statusOf({
  runId,
  status: number,
}: {
  readonly runId: string;
  readonly status: number;
}): RunStatus {
  const status = STATUSES[number];
  if (status === undefined) throw new TypeError(`run ${runId} has status ${number}`);
  return status;
}

/** Counts by status from rows of (status, count); several of one status add up. */
export function countsByStatus(
  rows: readonly { readonly status: number; readonly count: number }[],
): Readonly<Record<RunStatus, number>> {
  const counted = STATUSES.map(() => 0);
  for (const { status, count } of rows) counted[status] = (counted[status] ?? 0) + count;
  const entries = STATUSES.map((status, number) => [status, counted[number]]);
  return Object.fromEntries(entries) as Record<RunStatus, number>;
}
