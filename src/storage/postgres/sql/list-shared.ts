/** Values of tenant $1 by scope, workflow and name, after ($2, $3, $4); of scope $5, workflow $6 and with prefix $7 where they are given. */
export const LIST_SHARED = `
SELECT scope, workflow, name, revision, value, changed_at_ms AS "changedAtMs",
  changed_by AS "changedBy"
FROM shared_state
WHERE tenant = $1 AND (scope, workflow, name) > ($2, $3, $4)
  AND ($5::text IS NULL OR scope = $5)
  AND ($6::text IS NULL OR workflow = $6)
  AND ($7::text IS NULL OR starts_with(name, $7))
ORDER BY scope, workflow, name LIMIT $8`;
