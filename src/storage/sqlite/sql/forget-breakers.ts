/** Those whose failures stood until ?1, at most ?2 at once. */
export const FORGET_BREAKERS = `
DELETE FROM circuit_breakers WHERE name IN (
  SELECT name FROM circuit_breakers INDEXED BY circuit_breakers_by_end
  WHERE until_ms <= ?1 LIMIT ?2)`;
