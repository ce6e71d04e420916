/** The ended runs that were created first, of tenants $1; $2 how many. */
import { RUN_COLUMNS } from "../run-row.ts";

export const OLDEST_ENDED_RUNS = `
SELECT ${RUN_COLUMNS}
FROM unnest($1::text[]) AS wanted (tenant)
CROSS JOIN unnest(ARRAY[4, 5, 6]::smallint[]) AS ended (status)
CROSS JOIN LATERAL (
  SELECT * FROM runs AS e
  WHERE e.tenant = wanted.tenant AND e.status = ended.status
  ORDER BY e.created_at_ms, e.number LIMIT $2) AS r
ORDER BY r.created_at_ms, r.number LIMIT $2`;
