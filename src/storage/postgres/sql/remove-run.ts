/**
 * Hides an ended run until its rows are gone, keeps its id with who took it away and why, and counts
 * it no more. Answers the status it had; no row: there is none. $1 tenant, $2 run id, $3 now, $4 by
 * whom, $5 why, $6 the opening that counts.
 */
export const REMOVE_RUN = `
WITH found AS (
  SELECT number, status FROM runs WHERE tenant = $1 AND run_id = $2 FOR UPDATE
), hidden AS (
  UPDATE runs AS r SET status = 7 FROM found
  WHERE r.number = found.number AND found.status BETWEEN 4 AND 6
  RETURNING found.status
), kept AS (
  INSERT INTO tombstones (tenant, run_id, removed_at_ms, removed_by, reason)
  SELECT $1, $2, $3, $4, $5 FROM hidden
  ON CONFLICT (tenant, run_id) DO NOTHING
), counted AS (
  INSERT INTO run_counts AS c (tenant, status, writer, count)
  SELECT $1, hidden.status, $6, -1 FROM hidden
  ON CONFLICT (tenant, status, writer) DO UPDATE SET count = c.count + excluded.count
)
SELECT status FROM found`;
