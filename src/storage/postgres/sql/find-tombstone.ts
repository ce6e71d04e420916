/** $1 tenant, $2 run id. */
export const FIND_TOMBSTONE = `
SELECT removed_at_ms AS "removedAtMs", removed_by AS "removedBy", reason FROM tombstones
WHERE tenant = $1 AND run_id = $2`;
