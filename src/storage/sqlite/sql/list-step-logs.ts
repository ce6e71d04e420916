/** Lines of one step instance after $after, in the order of their commits. The index is named: the key of a line does not end in the position. */
export const LIST_STEP_LOGS = `
SELECT position, path, attempt, line, at_ms AS atMs, level, text, fields
FROM step_logs INDEXED BY step_logs_by_step
WHERE run = (SELECT number FROM runs WHERE tenant = $tenant AND run_id = $runId AND status < 7) AND path = $path
  AND position > $after AND level >= $level AND ($attempt IS NULL OR attempt = $attempt)
ORDER BY position LIMIT $limit`;
