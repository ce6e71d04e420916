/**
 * Leaves out the turns that have seen another revision of a shared value than is there: position,
 * tenant, scope, workflow, name, revision; 0 stands for a name that holds nothing.
 */
import { leaveOut } from "../wave.ts";

export const LEAVE_OUT_STALE = `
WITH stale AS MATERIALIZED (
  SELECT DISTINCT g.position
  FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
    AS g (position, tenant, scope, workflow, name, revision)
  LEFT JOIN shared_state AS s ON s.tenant = g.tenant AND s.scope = g.scope
    AND s.workflow = g.workflow AND s.name = g.name
  WHERE coalesce(s.revision, 0) <> g.revision
)
SELECT position, ${leaveOut("position")} FROM stale`;
