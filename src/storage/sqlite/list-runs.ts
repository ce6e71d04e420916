/**
 * Lists runs newest first. Exactly one condition of the filter leads (the most selective index:
 * parent, label, workflow, status, time), the others are checked row by row behind it.
 *
 * A status or workflow list is read per status, each in index order, and merged here: one
 * `status IN (...)` query would have to sort all that match before it could cut a page.
 * The cursor is the place of the last row: `createdAtMs.number`.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { RunFilter } from "#ports/journal.ts";
import type { Connection } from "./connection.ts";
import { type RunRow, STATUSES, statusNumber } from "./run-row.ts";
import { LIST_RUNS_BY_LABEL } from "./sql/list-runs-by-label.ts";
import { LIST_RUNS_BY_PARENT } from "./sql/list-runs-by-parent.ts";
import { LIST_RUNS_BY_STATUS } from "./sql/list-runs-by-status.ts";
import { LIST_RUNS_BY_TIME } from "./sql/list-runs-by-time.ts";
import { LIST_RUNS_BY_WORKFLOW } from "./sql/list-runs-by-workflow.ts";

/** `cursor` is null after the last row. */
export function listRuns(
  reader: Connection,
  tenant: string,
  filter: RunFilter,
): { readonly rows: readonly RunRow[]; readonly cursor: string | null } {
  const wanted = filter.status ?? STATUSES;
  const statuses = [...new Set(wanted.map(statusNumber))];
  const label = Object.entries(filter.labels ?? {})[0];
  const before = parseCursor(filter.cursor);
  const values = {
    tenant,
    statuses: statuses.reduce((mask, number) => mask | (1 << number), 0),
    workflow: filter.workflow ?? null,
    parent: filter.parentRunId ?? null,
    labels: JSON.stringify(filter.labels ?? {}),
    name: label?.[0] ?? null,
    value: label?.[1] ?? null,
    afterMs: filter.createdAfterMs ?? Number.MIN_SAFE_INTEGER,
    beforeMs: Math.min(before.createdAtMs, filter.createdBeforeMs ?? Number.MAX_SAFE_INTEGER),
    // Behind `createdBeforeMs` no row of that very instant counts; behind a cursor those before it do.
    beforeNumber:
      before.createdAtMs < (filter.createdBeforeMs ?? Number.MAX_SAFE_INTEGER) ? before.number : 0,
    // One row more than asked shows whether a page follows.
    limit: filter.limit + 1,
  };
  const isByStatus =
    filter.parentRunId === undefined &&
    label === undefined &&
    (filter.workflow !== undefined || filter.status !== undefined);
  const found = isByStatus
    ? statuses
        .flatMap((status) =>
          reader.allNamed<RunRow>(leadingStatement(filter), { ...values, status }),
        )
        .sort((a, b) => b.created_at_ms - a.created_at_ms || b.number - a.number)
    : reader.allNamed<RunRow>(leadingStatement(filter), values);
  const rows = found.slice(0, filter.limit);
  const last = rows.at(-1);
  const isMore = found.length > filter.limit && last !== undefined;
  return { rows, cursor: isMore ? `${last.created_at_ms}.${last.number}` : null };
}

function leadingStatement(filter: RunFilter): string {
  if (filter.parentRunId !== undefined) return LIST_RUNS_BY_PARENT;
  if (Object.keys(filter.labels ?? {}).length > 0) return LIST_RUNS_BY_LABEL;
  if (filter.workflow !== undefined) return LIST_RUNS_BY_WORKFLOW;
  if (filter.status !== undefined) return LIST_RUNS_BY_STATUS;
  return LIST_RUNS_BY_TIME;
}

function parseCursor(cursor: string | undefined): { createdAtMs: number; number: number } {
  if (cursor === undefined) {
    return { createdAtMs: Number.MAX_SAFE_INTEGER, number: Number.MAX_SAFE_INTEGER };
  }
  const match = /^(-?\d{1,16})\.(\d{1,16})$/.exec(cursor);
  if (match === null) {
    throw new LockstitchError("request_invalid", "the cursor is not one that a list answered");
  }
  return { createdAtMs: Number(match[1]), number: Number(match[2]) };
}
