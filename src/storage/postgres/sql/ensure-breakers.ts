/** A row for each breaker ($2 names) that is about to count a failure, as if it had none. */
import { ACCEPTED_RUNS } from "../wave.ts";

export const ENSURE_BREAKERS = `
INSERT INTO circuit_breakers (name, failures, reset_after_ms, until_ms)
SELECT g.name, 0, 0, 0 FROM unnest($1::int[], $2::text[]) AS g (position, name)
WHERE ${ACCEPTED_RUNS}[g.position] <> 0
ORDER BY g.name
ON CONFLICT (name) DO NOTHING`;
