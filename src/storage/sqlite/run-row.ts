/** How a run's head stands in its row: status as a number (open ones first), labels as JSON. */
import type { RunHead, RunStatus } from "#ports/journal.ts";

/** The index is what the column holds. Up to 3 a run is open (the partial index says so, too). */
export const STATUSES: readonly RunStatus[] = [
  "queued",
  "running",
  "waiting",
  "paused",
  "succeeded",
  "failed",
  "cancelled",
];

const NUMBERS: ReadonlyMap<RunStatus, number> = new Map(STATUSES.map((name, n) => [name, n]));

export function statusNumber(status: RunStatus): number {
  const number = NUMBERS.get(status);
  if (number === undefined) throw new TypeError(`unknown run status ${status}`);
  return number;
}

/** A row of `runs`, beside the end of its journal. `seq` is as of the last change of the row. */
export interface RunRow {
  readonly number: number;
  readonly tenant: string;
  readonly run_id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: number;
  readonly seq: number;
  readonly created_at_ms: number;
  readonly started_at_ms: number | null;
  readonly ended_at_ms: number | null;
  readonly labels: string;
  readonly parent_run_id: string | null;
  readonly error_code: string | null;
  readonly min_reader: number;
  /** null: it has no turns. */
  readonly last_seq: number | null;
}

/** `epoch` is the store's owner epoch: one owner owns every run of a data directory. */
export function toRunHead(row: RunRow, epoch: number): RunHead {
  const status = STATUSES[row.status];
  if (status === undefined) throw new TypeError(`run ${row.run_id} has status ${row.status}`);
  return {
    tenant: row.tenant,
    runId: row.run_id,
    workflow: row.workflow,
    version: row.version,
    status,
    seq: Math.max(row.seq, row.last_seq ?? 0),
    epoch,
    createdAtMs: row.created_at_ms,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    labels: JSON.parse(row.labels),
    parentRunId: row.parent_run_id,
    errorCode: row.error_code,
    minReader: row.min_reader,
  };
}
