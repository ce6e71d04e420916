/**
 * Start keys ($3 of tenant $2, for run $4 with body hash $5) of the accepted turns ($1), as of $6; one
 * that was taken up to $7 is replaced. Where another run has taken one since they were looked at, the
 * whole commit is done again.
 */
import { ACCEPTED_RUNS } from "../wave.ts";

export const SAVE_START_KEYS = `
WITH wanted AS (
  SELECT g.tenant, g.key, g.run_id, g.body_hash
  FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[])
    AS g (position, tenant, key, run_id, body_hash)
  WHERE ${ACCEPTED_RUNS}[g.position] <> 0
  ORDER BY g.tenant, g.key),
taken AS (
  INSERT INTO start_keys AS k (tenant, key, run_id, body_hash, at_ms)
  SELECT tenant, key, run_id, body_hash, $6::bigint FROM wanted
  ON CONFLICT (tenant, key) DO UPDATE
  SET run_id = excluded.run_id,
    body_hash = CASE WHEN k.at_ms > $7 THEN k.body_hash ELSE excluded.body_hash END,
    at_ms = CASE WHEN k.at_ms > $7 THEN k.at_ms ELSE excluded.at_ms END
  WHERE k.at_ms <= $7 OR k.run_id = excluded.run_id
  RETURNING 1)
SELECT CASE WHEN (SELECT count(*) FROM taken) < (SELECT count(*) FROM wanted)
  THEN refuse('start_key', NULL) END`;
