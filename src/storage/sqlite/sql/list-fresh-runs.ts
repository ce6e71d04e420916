/** Newest first, of those that no list has yet: few, and lying side by side. */
import { FRESH_RUNS, RUN_LIST_COLUMNS, RUN_LIST_FILTER } from "../run-list-sql.ts";

export const LIST_FRESH_RUNS = `
SELECT ${RUN_LIST_COLUMNS}
FROM runs AS r NOT INDEXED
WHERE ${FRESH_RUNS} AND r.tenant = :tenant
  AND (r.created_at_ms, r.number) < (:beforeMs, :beforeNumber)
  AND r.created_at_ms > :afterMs
  AND ${RUN_LIST_FILTER}
ORDER BY r.created_at_ms DESC, r.number DESC
LIMIT :limit`;
