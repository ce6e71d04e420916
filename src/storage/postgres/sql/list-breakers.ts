/** Every breaker whose failures stand after $1. */
export const LIST_BREAKERS = `
SELECT name, failures, opened_at_ms AS "openedAtMs", reset_after_ms AS "resetAfterMs", until_ms AS "untilMs"
FROM circuit_breakers WHERE until_ms > $1`;
