/** Remembers the ids, as consumed at $5, and drops the bodies; an id never sent is remembered too. */
import { ACCEPTED_RUNS } from "../wave.ts";

export const CONSUME_MESSAGES = `
INSERT INTO messages AS m (tenant, message_id, to_run_id, kind, body, from_run, consumed_at_ms)
SELECT DISTINCT ON (g.tenant, g.message_id)
  g.tenant, g.message_id, g.to_run_id, '', ''::bytea, a.run, $5::bigint
FROM unnest($1::int[], $2::text[], $3::text[], $4::text[])
    AS g (position, tenant, message_id, to_run_id),
  LATERAL (SELECT ${ACCEPTED_RUNS}[g.position] AS run) AS a
WHERE a.run <> 0
ORDER BY g.tenant, g.message_id
ON CONFLICT (tenant, message_id) DO UPDATE
SET body = ''::bytea, consumed_at_ms = excluded.consumed_at_ms
WHERE m.consumed_at_ms IS NULL`;
