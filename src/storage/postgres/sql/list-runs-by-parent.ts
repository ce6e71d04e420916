/** The children of run $8, newest first. */
import { RUN_LIST_FILTER, RUN_LIST_PLACE, SELECT_RUNS } from "../run-list-sql.ts";

export const LIST_RUNS_BY_PARENT = `
${SELECT_RUNS} FROM runs AS r
WHERE r.tenant = $1 AND r.parent_run_id = $8 AND ${RUN_LIST_PLACE} AND ${RUN_LIST_FILTER}
ORDER BY r.created_at_ms DESC, r.number DESC LIMIT $5`;
