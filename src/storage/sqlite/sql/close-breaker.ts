/** ?1 name, ?2 whether it was the probe (1 or 0): while open nothing else closes it. */
export const CLOSE_BREAKER = `
DELETE FROM circuit_breakers WHERE name = ?1 AND (opened_at_ms IS NULL OR ?2 = 1)`;
