/** How a run's head stands in its row: status as a number, labels as JSON text, the epoch of its owner. */
import type { RunHead } from "#ports/journal.ts";
import { statusOf } from "../run-statuses.ts";

/** What statements select of a row `r` of `runs`. */
export const RUN_COLUMNS = `r.number, r.tenant, r.run_id AS "runId", r.workflow, r.version, r.status,
  r.seq, r.owner_epoch AS epoch, r.created_at_ms AS "createdAtMs", r.started_at_ms AS "startedAtMs",
  r.ended_at_ms AS "endedAtMs", r.labels, r.parent_run_id AS "parentRunId",
  r.error_code AS "errorCode", r.min_reader AS "minReader", r.owner`;

export interface RunRow extends Omit<RunHead, "status" | "labels"> {
  readonly number: number;
  readonly status: number;
  readonly labels: string;
}

/** Of a store whose runs have no owners. */
export function toRunHead({ number: _, owner: __, labels, ...rest }: RunRow): RunHead {
  return { ...rest, status: statusOf(rest), labels: JSON.parse(labels) };
}

/** Of one that several hosts share. */
export function toOwnedHead(row: RunRow): RunHead {
  return { ...toRunHead(row), owner: row.owner ?? null };
}
