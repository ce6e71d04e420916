/** At most $2 of those that have expired at $1, oldest first. */
export const FORGET_EXPIRED_MEMOS = `
DELETE FROM memos WHERE number = ANY (ARRAY(
  SELECT number FROM memos WHERE expires_at_ms <= $1
  ORDER BY expires_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED))`;
