/** Those that counted until $1, at most $2 at once; what another host is at is passed over. */
export const FORGET_RATE_TOKENS = `
DELETE FROM rate_tokens WHERE (name, token) IN (
  SELECT name, token FROM rate_tokens WHERE until_ms <= $1
  ORDER BY until_ms LIMIT $2 FOR UPDATE SKIP LOCKED)`;
