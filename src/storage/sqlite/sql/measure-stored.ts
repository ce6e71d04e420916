/**
 * What is there by tenant and workflow, less what opening ?1 has counted: both of one instant, so that
 * their sum is what is there whenever it is taken.
 */
export const MEASURE_STORED = `
SELECT tenant, workflow, sum(bytes) AS bytes FROM (
  SELECT r.tenant, r.workflow, octet_length(t.events) AS bytes
  FROM turns AS t JOIN runs AS r ON r.number = t.run WHERE r.status <> 7
  UNION ALL
  SELECT r.tenant, r.workflow, b.size
  FROM blob_refs AS f JOIN runs AS r ON r.number = f.run
  JOIN blobs AS b ON b.tenant = f.tenant AND b.hash = f.hash WHERE r.status <> 7
  UNION ALL
  SELECT tenant, workflow, CASE WHEN writer = ?1 THEN -bytes ELSE 0 END FROM stored_bytes
) GROUP BY tenant, workflow`;
