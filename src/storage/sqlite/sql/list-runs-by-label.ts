/** Runs that carry one label (:name, :value), newest first; further labels are checked row by row. */
export const LIST_RUNS_BY_LABEL = `
SELECT r.*, (SELECT max(t.last_seq) FROM turns AS t WHERE t.run = r.number) AS last_seq
FROM labels AS led CROSS JOIN runs AS r ON r.number = led.run
WHERE led.tenant = :tenant AND led.name = :name AND led.value = :value
  AND (led.created_at_ms, led.run) < (:beforeMs, :beforeNumber)
  AND led.created_at_ms > :afterMs
  AND ((:statuses >> r.status) & 1)
  AND (:workflow IS NULL OR r.workflow = :workflow)
  AND (:parent IS NULL OR r.parent_run_id = :parent)
  AND NOT EXISTS (
    SELECT 1 FROM json_each(:labels) AS wanted
    WHERE NOT EXISTS (
      SELECT 1 FROM labels AS l
      WHERE l.tenant = :tenant AND l.name = wanted.key AND l.value = wanted.value
        AND l.created_at_ms = r.created_at_ms AND l.run = r.number))
ORDER BY led.created_at_ms DESC, led.run DESC
LIMIT :limit`;
