/** Lines of run $2 of tenant $1 after $3, in the order of their commits; from level $4 on, of attempt $5 where it is given. */
export const LIST_RUN_LOGS = `
SELECT position, path, attempt, line, at_ms AS "atMs", level, text, fields
FROM step_logs
WHERE run = (SELECT number FROM runs WHERE tenant = $1 AND run_id = $2 AND status < 7)
  AND position > $3 AND level >= $4 AND ($5::bigint IS NULL OR attempt = $5)
ORDER BY position LIMIT $6`;
