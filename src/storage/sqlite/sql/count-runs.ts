/** Of one tenant; a status comes twice where fresh runs have it, too. */
import { FRESH_RUNS } from "../run-list-sql.ts";

export const COUNT_RUNS = `
SELECT status, count FROM run_counts WHERE tenant = ?1
UNION ALL
SELECT r.status, count(*) FROM runs AS r NOT INDEXED
WHERE ${FRESH_RUNS} AND r.tenant = ?1 GROUP BY r.status`;
