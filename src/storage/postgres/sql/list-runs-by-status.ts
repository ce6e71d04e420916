/** Newest first within each of the statuses $6. */
import { byStatus } from "../run-list-sql.ts";

export const LIST_RUNS_BY_STATUS = byStatus("");
