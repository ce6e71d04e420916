/** Those that counted until ?1, at most ?2 at once. */
export const FORGET_RATE_STARTS = `
DELETE FROM rate_starts WHERE number IN (
  SELECT number FROM rate_starts INDEXED BY rate_starts_by_end WHERE until_ms <= ?1 LIMIT ?2)`;
