/**
 * Lists runs newest first, as run-list.ts plans it.
 *
 * A status or workflow list is read per status, each in index order, and merged here: one
 * `status IN (...)` query would have to sort all that match before it could cut a page. Fresh runs,
 * which those lists and the one by time do not have yet (run-lists.ts), are merged in the same way.
 */
import type { RunFilter } from "#ports/journal.ts";
import { pageOf, planRunList } from "../run-list.ts";
import type { Connection } from "./connection.ts";
import type { RunRow } from "./run-row.ts";
import { LIST_FRESH_RUNS } from "./sql/list-fresh-runs.ts";
import { LIST_RUNS_BY_LABEL } from "./sql/list-runs-by-label.ts";
import { LIST_RUNS_BY_PARENT } from "./sql/list-runs-by-parent.ts";
import { LIST_RUNS_BY_STATUS } from "./sql/list-runs-by-status.ts";
import { LIST_RUNS_BY_TIME } from "./sql/list-runs-by-time.ts";
import { LIST_RUNS_BY_WORKFLOW } from "./sql/list-runs-by-workflow.ts";

const STATEMENTS = {
  parent: LIST_RUNS_BY_PARENT,
  label: LIST_RUNS_BY_LABEL,
  workflow: LIST_RUNS_BY_WORKFLOW,
  status: LIST_RUNS_BY_STATUS,
  time: LIST_RUNS_BY_TIME,
};

/** `cursor` is null after the last row. */
export function listRuns(
  reader: Connection,
  tenant: string,
  filter: RunFilter,
): { readonly rows: readonly RunRow[]; readonly cursor: string | null } {
  const plan = planRunList(filter);
  const { leading, statuses, label, labels, rowsMax, workflow, parent } = plan;
  const { afterMs, beforeMs, beforeNumber } = plan;
  const values = {
    ...{ tenant, workflow, parent, afterMs, beforeMs, beforeNumber },
    statuses: statuses.reduce((mask, number) => mask | (1 << number), 0),
    labels: JSON.stringify(labels),
    name: label?.[0] ?? null,
    value: label?.[1] ?? null,
    limit: rowsMax,
  };
  const read = (sql: string, status: number | null) =>
    reader
      .allNamed<RunRow>(sql, { ...values, status })
      .map((row) => ({ createdAtMs: row.created_at_ms, number: row.number, row }));
  // Parents and labels have their runs from the beginning.
  const hasAll = leading === "parent" || leading === "label";
  const parts = leading === "status" || leading === "workflow" ? statuses : [null];
  const found = hasAll
    ? read(STATEMENTS[leading], null)
    : reader
        .snapshot(() => [
          ...parts.flatMap((status) => read(STATEMENTS[leading], status)),
          ...read(LIST_FRESH_RUNS, null),
        ])
        .sort((a, b) => b.createdAtMs - a.createdAtMs || b.number - a.number);
  const { rows, cursor } = pageOf(found, filter);
  return { rows: rows.map(({ row }) => row), cursor };
}
