/** Remembers the id and drops the body; an id never sent is remembered too. ?1 tenant, ?2 id, ?3 run id, ?4 now. */
export const CONSUME_MESSAGE = `
INSERT INTO messages (tenant, message_id, to_run_id, kind, body, consumed_at_ms)
VALUES (?1, ?2, ?3, '', x'', ?4)
ON CONFLICT (tenant, message_id) DO UPDATE
SET body = x'', consumed_at_ms = excluded.consumed_at_ms
WHERE consumed_at_ms IS NULL`;
