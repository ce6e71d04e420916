/** Those that count until after ?1. */
export const LIST_RATE_STARTS = `
SELECT name, at_ms AS atMs, per_ms AS perMs
FROM rate_starts INDEXED BY rate_starts_by_end WHERE until_ms > ?1`;
