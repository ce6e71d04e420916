/** Newest first within one workflow ($7) and each of the statuses $6. */
import { byStatus } from "../run-list-sql.ts";

export const LIST_RUNS_BY_WORKFLOW = byStatus("r.workflow = $7 AND ");
