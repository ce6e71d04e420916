/** Those that count until after $1. */
export const LIST_RATE_STARTS = `
SELECT name, at_ms AS "atMs", per_ms AS "perMs" FROM rate_starts WHERE until_ms > $1 ORDER BY number`;
