/**
 * Runs of the accepted turns hold slots: position, tenant, run, the run that holds it from now on, its
 * gate (null: none any more). What they take is taken from the share of host $6.
 */
import { isHost, SLOT_TURNS, TAKES_SLOT } from "../slot-rows.ts";
import { ACCEPTED_RUNS } from "../wave.ts";

export const WRITE_RUN_SLOTS = `
WITH made AS MATERIALIZED (
  SELECT g.*, ${TAKES_SLOT} AS takes FROM ${SLOT_TURNS},
    LATERAL (SELECT ${ACCEPTED_RUNS}[g.position] AS run) AS a WHERE a.run <> 0
), taken AS (
  UPDATE slot_shares AS s SET held = s.held - t.count
  FROM (SELECT gate, count(*)::int AS count FROM made WHERE takes GROUP BY gate) AS t
  WHERE s.gate = t.gate AND ${isHost("s", "$6")}
), let_go AS (
  DELETE FROM run_slots AS s USING made AS m, LATERAL unnest(ARRAY[
    CASE WHEN m.run_id <> m.holder THEN m.run_id END, CASE WHEN m.gate IS NULL THEN m.holder END
  ]) AS gone (run_id)
  WHERE s.run_id = gone.run_id AND s.tenant || '' = m.tenant
)
INSERT INTO run_slots (tenant, run_id, gate)
SELECT DISTINCT ON (holder, tenant) tenant, holder, gate FROM made WHERE gate IS NOT NULL
ORDER BY holder, tenant, position
ON CONFLICT (run_id, tenant) DO UPDATE SET gate = excluded.gate`;
