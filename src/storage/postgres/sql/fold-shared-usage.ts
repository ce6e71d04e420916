/** What openings without a lease have counted of shared values goes into row 0, as FOLD_COUNTS does it. */
export const FOLD_SHARED_USAGE = `
WITH gone AS (
  DELETE FROM shared_usage AS u
  WHERE (tenant, scope, workflow, writer) IN (
    SELECT tenant, scope, workflow, writer FROM shared_usage
    WHERE writer <> 0 AND writer NOT IN (SELECT host FROM hosts WHERE expires_at > now())
    ORDER BY tenant, scope, workflow, writer FOR UPDATE SKIP LOCKED)
  RETURNING tenant, scope, workflow, names, bytes)
INSERT INTO shared_usage (tenant, scope, workflow, writer, names, bytes)
SELECT tenant, scope, workflow, 0, sum(names), sum(bytes) FROM gone
GROUP BY tenant, scope, workflow ORDER BY tenant, scope, workflow
ON CONFLICT (tenant, scope, workflow, writer) DO UPDATE
SET names = shared_usage.names + excluded.names, bytes = shared_usage.bytes + excluded.bytes`;
