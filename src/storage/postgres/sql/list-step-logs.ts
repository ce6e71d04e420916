/** As LIST_RUN_LOGS, of one step instance, $7. */
export const LIST_STEP_LOGS = `
SELECT position, path, attempt, line, at_ms AS "atMs", level, text, fields
FROM step_logs
WHERE run = (SELECT number FROM runs WHERE tenant = $1 AND run_id = $2 AND status < 7) AND path = $7
  AND position > $3 AND level >= $4 AND ($5::bigint IS NULL OR attempt = $5)
ORDER BY path, position LIMIT $6`;
