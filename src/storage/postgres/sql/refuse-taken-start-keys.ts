/**
 * Leaves out the turns ($1 positions) whose start key ($3 of tenant $2) another run than $4 has taken
 * after $5.
 */
import { leaveOut } from "../wave.ts";

export const REFUSE_TAKEN_START_KEYS = `
SELECT g.position, ${leaveOut("g.position")}
FROM unnest($1::int[], $2::text[], $3::text[], $4::text[]) AS g (position, tenant, key, run_id)
JOIN start_keys AS k ON k.tenant = g.tenant AND k.key = g.key
WHERE k.at_ms > $5 AND k.run_id <> g.run_id`;
