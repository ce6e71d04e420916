/** What the accepted turns of a wave store: $1 positions, $2 tenants, $3 workflows, $4 bytes; $5 the opening. */
import { ACCEPTED_RUNS } from "../wave.ts";

export const ADD_STORED = `
INSERT INTO stored_bytes AS s (tenant, workflow, writer, bytes)
SELECT g.tenant, g.workflow, $5::bigint, sum(g.bytes)
FROM unnest($1::int[], $2::text[], $3::text[], $4::bigint[]) AS g (position, tenant, workflow, bytes)
WHERE ${ACCEPTED_RUNS}[g.position] <> 0
GROUP BY g.tenant, g.workflow ORDER BY g.tenant, g.workflow
ON CONFLICT (tenant, workflow, writer) DO UPDATE SET bytes = s.bytes + excluded.bytes`;
