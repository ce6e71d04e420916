/**
 * Runs of a workflow and status that ended before an instant, place by place and by creation: arrays
 * of tenant, workflow, status and instant. Each place is one range of an index, read from its oldest
 * end. $5 how many.
 */
import { RUN_COLUMNS } from "../run-row.ts";

export const ENDED_RUNS = `
SELECT ${RUN_COLUMNS}
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[])
  WITH ORDINALITY AS wanted (tenant, workflow, status, ended_before_ms, place)
CROSS JOIN LATERAL (
  SELECT * FROM runs AS e
  WHERE e.tenant = wanted.tenant AND e.workflow = wanted.workflow AND e.status = wanted.status
    AND e.created_at_ms < wanted.ended_before_ms AND e.ended_at_ms < wanted.ended_before_ms
  ORDER BY e.created_at_ms, e.number LIMIT $5) AS r
ORDER BY wanted.place, r.created_at_ms, r.number LIMIT $5`;
