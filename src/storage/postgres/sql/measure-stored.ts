/**
 * Sets what was measured to what is there less what openings have counted, both of one snapshot: the sum
 * is what is there, whatever they count meanwhile. What openings have counted that are gone is in it;
 * $1: this opening, which may have no lease.
 */
export const MEASURE_STORED = `
WITH alive AS MATERIALIZED (
  SELECT host FROM hosts WHERE expires_at > now() UNION SELECT $1::bigint),
gone AS (
  DELETE FROM stored_bytes WHERE writer <> 0 AND writer NOT IN (SELECT host FROM alive))
INSERT INTO stored_bytes (tenant, workflow, writer, bytes)
SELECT tenant, workflow, 0, sum(bytes) FROM (
  SELECT r.tenant, r.workflow, octet_length(t.events)::bigint AS bytes
  FROM turns AS t JOIN runs AS r ON r.number = t.run WHERE r.status <> 7
  UNION ALL
  SELECT r.tenant, r.workflow, b.size
  FROM blob_refs AS f JOIN runs AS r ON r.number = f.run
  JOIN blobs AS b ON b.tenant = f.tenant AND b.hash = f.hash WHERE r.status <> 7
  UNION ALL
  SELECT tenant, workflow, CASE WHEN writer IN (SELECT host FROM alive) THEN -bytes ELSE 0 END
  FROM stored_bytes
) AS found GROUP BY tenant, workflow ORDER BY tenant, workflow
ON CONFLICT (tenant, workflow, writer) DO UPDATE SET bytes = excluded.bytes`;
