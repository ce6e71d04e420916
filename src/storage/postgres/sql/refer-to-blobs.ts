/**
 * Notes what the accepted turns' journal rows refer to: position, tenant, hash. From here to the end
 * of the transaction none of these blobs can be swept; where one is gone, the group is refused.
 */
import { ACCEPTED_RUNS } from "../wave.ts";

export const REFER_TO_BLOBS = `
WITH named AS MATERIALIZED (
  SELECT DISTINCT a.run, g.tenant, g.hash
  FROM unnest($1::int[], $2::text[], $3::text[]) AS g (position, tenant, hash),
  LATERAL (SELECT ${ACCEPTED_RUNS}[g.position] AS run) AS a
  WHERE a.run <> 0
), held AS MATERIALIZED (
  SELECT b.tenant, b.hash FROM blobs AS b
  WHERE (b.tenant, b.hash) IN (SELECT tenant, hash FROM named)
  FOR KEY SHARE
), noted AS (
  INSERT INTO blob_refs (run, hash, tenant)
  SELECT run, hash, tenant FROM named ORDER BY run, hash
  ON CONFLICT (run, hash) DO NOTHING
)
SELECT refuse('blob_missing', jsonb_build_object('runId', r.run_id, 'hash', named.hash)::text)
FROM named JOIN runs AS r ON r.number = named.run
WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.tenant = named.tenant AND held.hash = named.hash)
LIMIT 1`;
