/** Ended runs (:status) of a tenant, by creation. */
export const OLDEST_ENDED_RUNS = `
SELECT r.*, (SELECT max(t.last_seq) FROM turns AS t WHERE t.run = r.number) AS last_seq
FROM runs AS r INDEXED BY runs_by_status
WHERE fresh IS NULL AND tenant = :tenant AND status = :status
ORDER BY created_at_ms LIMIT :limit`;
