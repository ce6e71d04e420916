/**
 * Counters of openings that have no lease go into row 0. An opening that goes on without one loses
 * nothing: a sum stays what it is, and its next change makes its row again.
 */
export const FOLD_COUNTS = `
WITH gone AS (
  DELETE FROM run_counts AS c
  WHERE (tenant, status, writer) IN (
    SELECT tenant, status, writer FROM run_counts
    WHERE writer <> 0 AND writer NOT IN (SELECT host FROM hosts WHERE expires_at > now())
    ORDER BY tenant, status, writer FOR UPDATE SKIP LOCKED)
  RETURNING tenant, status, count)
INSERT INTO run_counts (tenant, status, writer, count)
SELECT tenant, status, 0, sum(count) FROM gone GROUP BY tenant, status ORDER BY tenant, status
ON CONFLICT (tenant, status, writer) DO UPDATE SET count = run_counts.count + excluded.count`;
