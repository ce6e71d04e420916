/** ?1 name, ?2 instant, ?3 failureThreshold, ?4 resetAfterMs, ?5 whether it was the probe (1 or 0). */
export const FAIL_BREAKER = `
INSERT INTO circuit_breakers (name, failures, opened_at_ms, reset_after_ms)
VALUES (?1, 1, CASE WHEN ?3 <= 1 OR ?5 = 1 THEN ?2 END, ?4)
ON CONFLICT (name) DO UPDATE SET
  failures = failures + 1,
  opened_at_ms = CASE WHEN failures + 1 >= ?3 OR ?5 = 1 THEN ?2 ELSE opened_at_ms END,
  reset_after_ms = CASE WHEN failures + 1 >= ?3 OR ?5 = 1 THEN ?4 ELSE reset_after_ms END
WHERE opened_at_ms IS NULL OR ?5 = 1`;
