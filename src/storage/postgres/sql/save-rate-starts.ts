/** Starts that a rate limit counts: $2 names, $3 instants, $4 how long they count. */
import { ACCEPTED_RUNS } from "../wave.ts";

export const SAVE_RATE_STARTS = `
INSERT INTO rate_starts (name, at_ms, per_ms)
SELECT g.name, g.at_ms, g.per_ms
FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[]) AS g (position, name, at_ms, per_ms)
WHERE ${ACCEPTED_RUNS}[g.position] <> 0`;
