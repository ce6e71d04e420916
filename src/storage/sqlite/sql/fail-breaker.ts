/**
 * ?1 name, ?2 instant, ?3 failureThreshold, ?4 resetAfterMs, ?5 whether it was the probe (1 or 0),
 * ?6 until when it stands. Of a closed breaker what no longer stands at ?2 is not counted.
 */
export const FAIL_BREAKER = `
INSERT INTO circuit_breakers (name, failures, opened_at_ms, reset_after_ms, until_ms)
VALUES (?1, 1, CASE WHEN ?3 <= 1 OR ?5 = 1 THEN ?2 END, ?4, ?6)
ON CONFLICT (name) DO UPDATE SET
  failures = iif(opened_at_ms IS NULL AND until_ms <= ?2, 0, failures) + 1,
  opened_at_ms = CASE
    WHEN iif(opened_at_ms IS NULL AND until_ms <= ?2, 0, failures) + 1 >= ?3 OR ?5 = 1 THEN ?2
    ELSE opened_at_ms END,
  reset_after_ms = ?4,
  until_ms = ?6
WHERE opened_at_ms IS NULL OR ?5 = 1`;
