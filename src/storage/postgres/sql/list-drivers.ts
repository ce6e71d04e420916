/**
 * All hosts, with a lease or not, and whoever owns open runs without being one of them; `host` is null
 * in the row of runs that nobody owns. `isOverdue`: its lease has been over for more than $1
 * milliseconds, in which the server was up.
 */
export const LIST_DRIVERS = `
SELECT coalesce(h.host, o.owner) AS host, h.name, h.address, h.is_draining AS "isDraining",
  (extract(epoch FROM h.started_at) * 1000)::bigint AS "startedAtMs",
  (extract(epoch FROM h.expires_at) * 1000)::bigint AS "expiresAtMs",
  coalesce(h.expires_at > now(), false) AS "hasLease",
  h.host IS NULL OR greatest(h.expires_at, pg_postmaster_start_time())
    + $1 * interval '1 millisecond' < now() AS "isOverdue",
  coalesce(o.runs, 0) AS "openRuns", r.run_id AS "oldestRunId"
FROM hosts AS h
FULL JOIN (
  SELECT owner, count(*) AS runs, min(number) AS oldest FROM runs WHERE status <= 3 GROUP BY owner
) AS o ON o.owner = h.host
LEFT JOIN runs AS r ON r.number = o.oldest
ORDER BY coalesce(h.host, o.owner)`;
