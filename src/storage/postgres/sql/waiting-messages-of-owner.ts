/**
 * As WAITING_MESSAGES, those that opening $4 is to carry: to a run that is open and its own; to one
 * that is not open, where the sender is open and its own, or is not open either. Each message looks its
 * runs up by their keys (see run-key-sql.ts; `status + 0` fits no partial index), however many there are.
 */
export const WAITING_MESSAGES_OF_OWNER = `
SELECT m.message_id AS id, m.tenant, m.to_run_id AS "toRunId", m.kind, m.body
FROM messages AS m
LEFT JOIN LATERAL (SELECT number, owner FROM runs
  WHERE run_id = m.to_run_id AND tenant || '' = m.tenant AND status <= 3 LIMIT 1) AS r ON true
LEFT JOIN LATERAL (SELECT number, owner FROM runs
  WHERE number = m.from_run AND status + 0 <= 3 LIMIT 1) AS s ON true
WHERE m.consumed_at_ms IS NULL AND m.number > coalesce(
    (SELECT number FROM messages WHERE tenant = $2::text AND message_id = $3::text), 0)
  AND CASE WHEN r.number IS NOT NULL THEN r.owner = $4
    ELSE s.number IS NULL OR s.owner = $4 END
ORDER BY m.number LIMIT $1`;
