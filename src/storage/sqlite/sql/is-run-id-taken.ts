/** A row where there is such a run, or was one that has been deleted: its id stays reserved. ?1 tenant, ?2 run id. */
export const IS_RUN_ID_TAKEN = `
SELECT 1 FROM runs WHERE tenant = ?1 AND run_id = ?2
UNION ALL
SELECT 1 FROM tombstones WHERE tenant = ?1 AND run_id = ?2
LIMIT 1`;
