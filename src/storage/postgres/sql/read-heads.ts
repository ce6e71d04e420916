/** As READ_HEAD, of many runs: $1 places, $2 tenants, $3 run ids. A LIMIT keeps it a lookup for each. */
import { RUN_COLUMNS } from "../run-row.ts";

export const READ_HEADS = `
SELECT g.at, f.* FROM unnest($1::int[], $2::text[], $3::text[]) AS g (at, tenant, run_id),
  LATERAL (SELECT ${RUN_COLUMNS} FROM runs AS r
    WHERE r.run_id = g.run_id AND r.tenant || '' = g.tenant AND r.status < 7 LIMIT 1) AS f`;
