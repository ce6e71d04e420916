/**
 * Gates that host $1 has been given slots of by others' calls, or that hosts with a lease wait for and
 * it has, or drives runs that have.
 */
export const LIST_CONTENDED_GATES = `
SELECT s.gate, s.is_given AS "isGiven" FROM slot_shares AS s
WHERE s.host = $1 AND (s.is_given OR ((s.held > 0 OR s.is_told) AND EXISTS (
  SELECT FROM slot_shares AS o JOIN hosts AS h ON h.host = o.host
  WHERE o.gate = s.gate AND o.host <> s.host AND o.wanted > 0 AND h.expires_at > now())))
ORDER BY s.gate`;
