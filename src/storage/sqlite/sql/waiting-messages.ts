/** Not yet consumed, oldest first. */
export const WAITING_MESSAGES = `
SELECT message_id AS id, tenant, to_run_id AS toRunId, kind, CAST(body AS TEXT) AS body
FROM messages INDEXED BY messages_waiting
WHERE consumed_at_ms IS NULL ORDER BY number LIMIT ?1`;
