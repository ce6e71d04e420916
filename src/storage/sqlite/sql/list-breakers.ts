/** Every breaker whose failures stand after ?1: few, by the kind of thing that a breaker is. */
export const LIST_BREAKERS = `
SELECT name, failures, opened_at_ms AS openedAtMs, reset_after_ms AS resetAfterMs, until_ms AS untilMs
FROM circuit_breakers INDEXED BY circuit_breakers_by_end WHERE until_ms > ?1`;
