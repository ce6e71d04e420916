/** Breakers that are open and whose failures stand after $1. */
export const LIST_OPEN_BREAKERS = `
SELECT name, failures, opened_at_ms AS "openedAtMs", reset_after_ms AS "resetAfterMs", until_ms AS "untilMs"
FROM circuit_breakers WHERE opened_at_ms IS NOT NULL AND until_ms > $1`;
