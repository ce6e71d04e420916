/** Keys up to $1, at most $2 at once; what another host is at is passed over. */
export const FORGET_START_KEYS = `
DELETE FROM start_keys WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM start_keys WHERE at_ms <= $1 ORDER BY at_ms LIMIT $2 FOR UPDATE SKIP LOCKED))`;
