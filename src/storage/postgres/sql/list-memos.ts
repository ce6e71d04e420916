/** Of tenant $1, newest first, before $2; of workflow $3 and label or key $4 where they are given. $5 now, $6 how many. */
export const LIST_MEMOS = `
SELECT number, key, scope, label, uses, workflow, run_id AS "runId", path, size,
  created_at_ms AS "createdAtMs", expires_at_ms AS "expiresAtMs", used_at_ms AS "usedAtMs"
FROM memos
WHERE tenant = $1 AND number < $2
  AND ($3::text IS NULL OR workflow = $3)
  AND ($4::text IS NULL OR label = $4 OR key = $4)
  AND (expires_at_ms IS NULL OR expires_at_ms > $5)
ORDER BY number DESC LIMIT $6`;
