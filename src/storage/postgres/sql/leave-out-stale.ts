/**
 * Leaves out the turns that have seen another revision of a shared value than is there, or another
 * value under its number: position, tenant, scope, workflow, name, revision (0 stands for a name that
 * holds nothing), SHA-256 of the text that was seen (NULL: not compared).
 */
import { leaveOut } from "../wave.ts";

export const LEAVE_OUT_STALE = `
WITH stale AS MATERIALIZED (
  SELECT DISTINCT g.position
  FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
    $7::bytea[]) AS g (position, tenant, scope, workflow, name, revision, seen)
  LEFT JOIN shared_state AS s ON s.tenant = g.tenant AND s.scope = g.scope
    AND s.workflow = g.workflow AND s.name = g.name
  WHERE coalesce(s.revision, 0) <> g.revision OR sha256(s.value) <> g.seen
)
SELECT position, ${leaveOut("position")} FROM stale`;
