/**
 * Slots that hosts and open runs have, of each gate that has any: the greatest limit that any host has
 * met there, and how many are of hosts whose lease has been over for more than $1 milliseconds, or that are
 * not known: those are free for whoever asks.
 */
import { holdsSlot } from "../slot-rows.ts";

export const LIST_SLOT_USES = `
WITH shares AS (
  SELECT s.gate, max(s.most) AS "limit",
    sum(CASE WHEN lost.is THEN 0 ELSE s.held END) AS held,
    sum(CASE WHEN lost.is THEN s.held ELSE 0 END) AS lost
  FROM slot_shares AS s LEFT JOIN hosts AS h ON h.host = s.host,
    LATERAL (SELECT h.host IS NULL OR h.expires_at + $1 * interval '1 millisecond' < now() AS is) AS lost
  GROUP BY s.gate
), runs_of AS (
  SELECT s.gate, count(*) AS runs FROM run_slots AS s
  LEFT JOIN runs AS r ON r.run_id = s.run_id AND r.tenant || '' = s.tenant
  WHERE ${holdsSlot("s", "r")} GROUP BY s.gate
)
SELECT gate, coalesce(s.held, 0)::int AS held, coalesce(s.lost, 0)::int AS lost,
  coalesce(r.runs, 0)::int AS "ofRuns", s."limit"
FROM shares AS s FULL JOIN runs_of AS r USING (gate)
WHERE coalesce(s.held, 0) + coalesce(s.lost, 0) + coalesce(r.runs, 0) > 0
ORDER BY gate`;
