/** Not yet consumed, oldest first, after message $3 of tenant $2 (null: from the first), at most $1. */
export const WAITING_MESSAGES = `
SELECT message_id AS id, tenant, to_run_id AS "toRunId", kind, body
FROM messages
WHERE consumed_at_ms IS NULL AND number > coalesce(
  (SELECT number FROM messages WHERE tenant = $2::text AND message_id = $3::text), 0)
ORDER BY number LIMIT $1`;
