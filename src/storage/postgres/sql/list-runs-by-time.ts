/** Newest first, no index but time; the other list-runs-* files differ in what leads. */
import { RUN_LIST_FILTER, RUN_LIST_PLACE, SELECT_RUNS } from "../run-list-sql.ts";

export const LIST_RUNS_BY_TIME = `
${SELECT_RUNS} FROM runs AS r
WHERE r.tenant = $1 AND ${RUN_LIST_PLACE} AND ${RUN_LIST_FILTER}
ORDER BY r.created_at_ms DESC, r.number DESC LIMIT $5`;
