/**
 * What the accepted turns of a wave use up, by minute, tenant and workflow: $1 positions, $2 minutes, $3
 * tenants, $4 workflows, $5 steps, $6 and $7 milliseconds of attempts and of the processor; $8 the opening.
 */
import { ACCEPTED_RUNS } from "../wave.ts";

export const ADD_USAGE = `
INSERT INTO usage_minutes AS u (minute_ms, tenant, workflow, writer, steps, attempt_ms, cpu_ms)
SELECT g.minute_ms, g.tenant, g.workflow, $8::bigint, sum(g.steps), sum(g.attempt_ms), sum(g.cpu_ms)
FROM unnest($1::int[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
  AS g (position, minute_ms, tenant, workflow, steps, attempt_ms, cpu_ms)
WHERE ${ACCEPTED_RUNS}[g.position] <> 0
GROUP BY g.minute_ms, g.tenant, g.workflow ORDER BY g.minute_ms, g.tenant, g.workflow
ON CONFLICT (minute_ms, tenant, workflow, writer) DO UPDATE SET steps = u.steps + excluded.steps,
  attempt_ms = u.attempt_ms + excluded.attempt_ms, cpu_ms = u.cpu_ms + excluded.cpu_ms`;
