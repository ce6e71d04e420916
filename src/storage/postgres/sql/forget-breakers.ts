/** Those whose failures stood until $1, at most $2 at once; what another host is at is passed over. */
export const FORGET_BREAKERS = `
DELETE FROM circuit_breakers WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM circuit_breakers WHERE until_ms <= $1
  ORDER BY until_ms LIMIT $2 FOR UPDATE SKIP LOCKED))`;
