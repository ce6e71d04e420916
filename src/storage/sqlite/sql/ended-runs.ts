/** Ended runs (:status) of one workflow that ended before :endedBeforeMs, by creation. */
export const ENDED_RUNS = `
SELECT r.*, (SELECT max(t.last_seq) FROM turns AS t WHERE t.run = r.number) AS last_seq
FROM runs AS r INDEXED BY runs_by_workflow
WHERE fresh IS NULL AND tenant = :tenant AND workflow = :workflow AND status = :status
  AND created_at_ms < :endedBeforeMs AND ended_at_ms < :endedBeforeMs
ORDER BY created_at_ms LIMIT :limit`;
