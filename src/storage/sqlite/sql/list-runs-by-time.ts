/** Newest first, no index but time; the other list-runs-* files differ in what leads. */
import { RUN_LIST_COLUMNS, RUN_LIST_FILTER } from "../run-list-sql.ts";

export const LIST_RUNS_BY_TIME = `
SELECT ${RUN_LIST_COLUMNS}
FROM runs AS r INDEXED BY runs_by_time
WHERE r.fresh IS NULL AND r.tenant = :tenant
  AND (r.created_at_ms, r.number) < (:beforeMs, :beforeNumber)
  AND r.created_at_ms > :afterMs
  AND ${RUN_LIST_FILTER}
ORDER BY r.created_at_ms DESC, r.number DESC
LIMIT :limit`;
