/**
 * Each of the breakers ($2 names, each once) counts a failure: $3 instants, $4 failureThreshold, $5
 * resetAfterMs, $6 whether it was the probe, $7 until when it stands. Of a closed breaker what no
 * longer stands at the instant is not counted.
 */
import { ACCEPTED_RUNS } from "../wave.ts";

export const FAIL_BREAKERS = `
UPDATE circuit_breakers AS b
SET failures = n.failures,
  opened_at_ms = CASE WHEN n.failures >= n.threshold OR n.is_probe THEN n.at_ms ELSE b.opened_at_ms END,
  reset_after_ms = n.reset_after_ms,
  until_ms = n.until_ms
FROM (
  SELECT g.*, 1 + CASE
    WHEN o.opened_at_ms IS NULL AND o.until_ms <= g.at_ms THEN 0 ELSE o.failures END AS failures
  FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[], $7::bigint[])
    AS g (position, name, at_ms, threshold, reset_after_ms, is_probe, until_ms)
  JOIN circuit_breakers AS o ON o.name = g.name
  WHERE ${ACCEPTED_RUNS}[g.position] <> 0 AND (o.opened_at_ms IS NULL OR g.is_probe)
  ORDER BY g.name FOR UPDATE OF o) AS n
WHERE b.name = n.name`;
