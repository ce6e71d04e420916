/** Labels ($2 names, $3 values) of the accepted runs ($1 positions) go into the index. */
import { ACCEPTED_RUNS } from "../wave.ts";

export const ADD_LABELS = `
INSERT INTO labels (tenant, name, value, created_at_ms, run)
SELECT r.tenant, g.name, g.value, r.created_at_ms, r.number
FROM unnest($1::int[], $2::text[], $3::text[]) AS g (position, name, value)
JOIN runs AS r ON r.number = ${ACCEPTED_RUNS}[g.position]`;
