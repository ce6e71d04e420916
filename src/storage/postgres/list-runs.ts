/** Lists runs newest first, as run-list.ts plans it. */
import type { RunFilter } from "#ports/journal.ts";
import { pageOf, planRunList, type RunListPlan } from "../run-list.ts";
import { smallints, texts } from "./columns.ts";
import type { Sessions } from "./connection.ts";
import type { RunRow } from "./run-row.ts";
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
export async function listRuns(
  sessions: Sessions,
  tenant: string,
  filter: RunFilter,
): Promise<{ readonly rows: readonly RunRow[]; readonly cursor: string | null }> {
  const plan = planRunList(filter);
  const found = await sessions.all<RunRow>(
    "listing runs",
    STATEMENTS[plan.leading],
    ...listValues(tenant, plan),
  );
  return pageOf(found, filter);
}

export function listValues(tenant: string, plan: RunListPlan): readonly unknown[] {
  const { statuses, workflow, parent, labels, label, leading } = plan;
  return [
    ...[tenant, plan.beforeMs, plan.beforeNumber, plan.afterMs, plan.rowsMax],
    ...[smallints(statuses), workflow, parent],
    ...[texts(Object.keys(labels)), texts(Object.values(labels))],
    ...(leading === "label" ? (label ?? []) : []),
  ];
}
