/** The children of :parent, newest first. */
export const LIST_RUNS_BY_PARENT = `
SELECT r.*, (SELECT max(t.last_seq) FROM turns AS t WHERE t.run = r.number) AS last_seq
FROM runs AS r INDEXED BY runs_by_parent
WHERE r.tenant = :tenant AND r.parent_run_id = :parent
  AND (r.created_at_ms, r.number) < (:beforeMs, :beforeNumber)
  AND r.created_at_ms > :afterMs
  AND ((:statuses >> r.status) & 1)
  AND (:workflow IS NULL OR r.workflow = :workflow)
  AND (:parent IS NULL OR r.parent_run_id = :parent)
  AND NOT EXISTS (
    SELECT 1 FROM json_each(:labels) AS wanted
    WHERE NOT EXISTS (
      SELECT 1 FROM labels AS l
      WHERE l.tenant = :tenant AND l.name = wanted.key AND l.value = wanted.value
        AND l.created_at_ms = r.created_at_ms AND l.run = r.number))
ORDER BY r.created_at_ms DESC, r.number DESC
LIMIT :limit`;
