/** In the order in which they are sent; an id that is there, consumed or not, stays as it is (J4). */
import { ACCEPTED_RUNS } from "../wave.ts";

export const SEND_MESSAGES = `
INSERT INTO messages (tenant, message_id, to_run_id, kind, body, from_run)
SELECT g.tenant, g.message_id, g.to_run_id, g.kind, g.body, a.run
FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
    WITH ORDINALITY AS g (position, tenant, message_id, to_run_id, kind, body, place),
  LATERAL (SELECT ${ACCEPTED_RUNS}[g.position] AS run) AS a
WHERE a.run <> 0
ORDER BY g.place
ON CONFLICT (tenant, message_id) DO NOTHING`;
