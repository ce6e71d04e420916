/** How a run's head stands in its row: status as a number, labels as JSON. */
import type { RunHead } from "#ports/journal.ts";
import { statusOf } from "../run-statuses.ts";

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
  return {
    tenant: row.tenant,
    runId: row.run_id,
    workflow: row.workflow,
    version: row.version,
    status: statusOf({ runId: row.run_id, status: row.status }),
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
