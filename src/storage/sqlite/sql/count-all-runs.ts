/** Of all tenants; a status comes twice where fresh runs have it, too. */
import { FRESH_RUNS } from "../run-list-sql.ts";

export const COUNT_ALL_RUNS = `
SELECT status, sum(count) AS count FROM run_counts GROUP BY status
UNION ALL
SELECT r.status, count(*) FROM runs AS r NOT INDEXED WHERE ${FRESH_RUNS} GROUP BY r.status`;
