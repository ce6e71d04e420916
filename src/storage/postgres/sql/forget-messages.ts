/** Ids consumed before $1, at most $2 at once; what another host is at is passed over. */
export const FORGET_MESSAGES = `
DELETE FROM messages WHERE number = ANY (ARRAY(
  SELECT number FROM messages WHERE consumed_at_ms < $1
  ORDER BY consumed_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED))`;
