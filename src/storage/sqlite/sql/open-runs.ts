/** Runs that have not ended, in order of creation, after number ?1: fresh ones have the greatest numbers. */
import { FRESH_RUNS, RUN_LIST_COLUMNS } from "../run-list-sql.ts";

export const OPEN_RUNS = `
SELECT ${RUN_LIST_COLUMNS}
FROM runs AS r INDEXED BY runs_open
WHERE r.status <= 3 AND r.fresh IS NULL AND r.number > ?1
UNION ALL
SELECT ${RUN_LIST_COLUMNS}
FROM runs AS r NOT INDEXED
WHERE ${FRESH_RUNS} AND r.status <= 3 AND r.number > ?1
ORDER BY number LIMIT ?2`;
