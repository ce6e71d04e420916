/** Places of runs that a wave creates: $1 positions, $2 tenants, $3 runs. Answers those whose place is gone. */
import { leaveOut } from "../wave.ts";

export const TAKE_START_PLACES = `
WITH given AS MATERIALIZED (
  SELECT g.* FROM unnest($1::int[], $2::text[], $3::text[]) AS g (position, tenant, run_id)),
taken AS (
  UPDATE start_places AS p SET is_taken = true FROM given AS g
  WHERE p.tenant = g.tenant AND p.run_id = g.run_id RETURNING g.position)
SELECT g.position, ${leaveOut("g.position")} FROM given AS g
WHERE g.position NOT IN (SELECT position FROM taken) ORDER BY g.position`;
