/** Every breaker that has failures: few, by the kind of thing that a breaker is. */
export const LIST_BREAKERS = `
SELECT name, failures, opened_at_ms AS openedAtMs, reset_after_ms AS resetAfterMs
FROM circuit_breakers WHERE name >= ''`;
