/**
 * Extends the lease of host $1 from now, $2 milliseconds long, or begins it; answers whether it had
 * run out before. $3 name, $4 address, $5 reader, $6 is draining, $7 open runs.
 */
export const BEAT_HOST = `
WITH before AS (
  SELECT expires_at <= now() AS was_late FROM hosts WHERE host = $1
), beaten AS (
  INSERT INTO hosts (host, name, address, started_at, expires_at, is_draining, reader, load)
  VALUES ($1, $3, $4, now(), now() + $2 * interval '1 millisecond', $6, $5, $7)
  ON CONFLICT (host) DO UPDATE SET address = excluded.address, expires_at = excluded.expires_at,
    is_draining = excluded.is_draining, load = excluded.load
)
SELECT coalesce((SELECT was_late FROM before), true) AS "wasLate",
  (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "nowMs"`;
