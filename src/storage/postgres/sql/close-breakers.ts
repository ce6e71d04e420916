/** Breakers ($2 names) after a success; $3 whether it was the probe: while open nothing else closes one. */
import { ACCEPTED_RUNS } from "../wave.ts";

export const CLOSE_BREAKERS = `
DELETE FROM circuit_breakers AS b
USING unnest($1::int[], $2::text[], $3::boolean[]) AS g (position, name, is_probe)
WHERE b.name = g.name AND ${ACCEPTED_RUNS}[g.position] <> 0 AND (b.opened_at_ms IS NULL OR g.is_probe)`;
