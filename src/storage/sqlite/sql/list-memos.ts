/** Of tenant :tenant, newest first, before :before. */
export const LIST_MEMOS = `
SELECT number, key, scope, label, uses, workflow, run_id AS runId, path, size,
  created_at_ms AS createdAtMs, expires_at_ms AS expiresAtMs, used_at_ms AS usedAtMs
FROM memos INDEXED BY memos_by_number
WHERE tenant = :tenant AND number < :before
  AND (:workflow IS NULL OR workflow = :workflow)
  AND (:key IS NULL OR label = :key OR key = :key)
  AND (expires_at_ms IS NULL OR expires_at_ms > :nowMs)
ORDER BY number DESC LIMIT :limit`;
