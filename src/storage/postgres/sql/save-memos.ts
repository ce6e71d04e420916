/**
 * Results that the accepted turns remember or forget, in order: position, tenant, key, whether it is
 * kept, scope, label, uses, workflow, path, run id, output, blob, size, creation, expiry; then now.
 * The last word on a key counts. A blob that is named cannot be swept from here to the end of the
 * transaction.
 */
import { ACCEPTED_RUNS } from "../wave.ts";

export const SAVE_MEMOS = `
WITH last AS MATERIALIZED (
  SELECT DISTINCT ON (g.tenant, g.key) a.run, g.*
  FROM unnest($1::int[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[],
      $8::text[], $9::text[], $10::text[], $11::bytea[], $12::text[], $13::bigint[], $14::bigint[],
      $15::bigint[])
    WITH ORDINALITY AS g (position, tenant, key, is_kept, scope, label, uses, workflow, path, run_id,
      output, blob_hash, size, created_at_ms, expires_at_ms, place),
  LATERAL (SELECT ${ACCEPTED_RUNS}[g.position] AS run) AS a
  WHERE a.run <> 0
  ORDER BY g.tenant, g.key, g.place DESC
), held AS MATERIALIZED (
  SELECT 1 FROM blobs AS b
  WHERE (b.tenant, b.hash) IN (SELECT tenant, blob_hash FROM last WHERE is_kept)
  FOR KEY SHARE
), forgotten AS (
  DELETE FROM memos AS m USING last
  WHERE NOT last.is_kept AND m.key = last.key AND m.tenant || '' = last.tenant
)
INSERT INTO memos (tenant, key, scope, run, label, uses, workflow, run_id, path, blob_hash, size,
  created_at_ms, expires_at_ms, used_at_ms, output)
SELECT tenant, key, scope, CASE WHEN scope = 'run' THEN run END, label, uses, workflow, run_id, path,
  blob_hash, size, created_at_ms, expires_at_ms, $16::bigint, output
FROM last, (SELECT count(*) FROM held) AS holding
WHERE is_kept
ORDER BY tenant, key
ON CONFLICT (tenant, key) DO UPDATE
SET number = DEFAULT, scope = excluded.scope, run = excluded.run, label = excluded.label,
  uses = excluded.uses, workflow = excluded.workflow, run_id = excluded.run_id,
  path = excluded.path, blob_hash = excluded.blob_hash, size = excluded.size,
  created_at_ms = excluded.created_at_ms, expires_at_ms = excluded.expires_at_ms,
  used_at_ms = excluded.used_at_ms, output = excluded.output`;
