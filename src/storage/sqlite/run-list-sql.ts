/**
 * What the list-runs-* statements share: columns, the filter by everything that does not lead, and
 * where the runs are that no list has yet (run-lists.ts).
 */
export const RUN_LIST_COLUMNS =
  "r.*, (SELECT max(t.last_seq) FROM turns AS t WHERE t.run = r.number) AS last_seq";

export const RUN_LIST_FILTER = `((:statuses >> r.status) & 1)
  AND (:workflow IS NULL OR r.workflow = :workflow)
  AND (:parent IS NULL OR r.parent_run_id = :parent)
  AND NOT EXISTS (
    SELECT 1 FROM json_each(:labels) AS wanted
    WHERE NOT EXISTS (
      SELECT 1 FROM labels AS l
      WHERE l.tenant = :tenant AND l.name = wanted.key AND l.value = wanted.value
        AND l.created_at_ms = r.created_at_ms AND l.run = r.number))`;

export const FRESH_RUNS =
  "r.number > (SELECT value FROM meta WHERE name = 'listed_to') AND r.fresh = 1";
