/**
 * Runs that hold slots of gates $1, by the place of the gate there: how many, the oldest $2 of each gate, and
 * of each host that drives some at least one. What is over is forgotten.
 */
import { holdsSlot } from "../slot-rows.ts";

export const READ_RUN_SLOTS = `
WITH slots AS MATERIALIZED (
  SELECT g.place, g.gate, g.wanted, s.tenant, s.run_id, r.number, r.owner, ${holdsSlot("s", "r")} AS holds
  FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS g (gate, wanted, place)
  JOIN run_slots AS s ON s.gate = g.gate
  LEFT JOIN runs AS r ON r.run_id = s.run_id AND r.tenant || '' = s.tenant
), over AS (
  DELETE FROM run_slots AS d USING slots AS s
  WHERE NOT s.holds AND d.run_id = s.run_id AND d.tenant = s.tenant AND d.gate = s.gate
), ranked AS (
  SELECT *, count(*) OVER (PARTITION BY place)::int AS count,
    row_number() OVER (PARTITION BY place ORDER BY number NULLS LAST) AS rank,
    row_number() OVER (PARTITION BY place, owner ORDER BY number NULLS LAST) AS of_owner
  FROM slots WHERE holds
)
SELECT place::int, tenant, run_id AS "runId", owner, count, rank <= wanted AS "isOld" FROM ranked
WHERE rank <= wanted OR of_owner = 1
ORDER BY place, rank`;
