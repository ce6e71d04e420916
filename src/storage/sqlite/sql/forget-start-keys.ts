/** Keys up to ?1, at most ?2 at once. */
export const FORGET_START_KEYS = `
DELETE FROM start_keys WHERE (tenant, key) IN (
  SELECT tenant, key FROM start_keys INDEXED BY start_keys_by_time WHERE at_ms <= ?1 LIMIT ?2)`;
