/** Values of tenant :tenant by scope, workflow and name, after the given ones. */
export const LIST_SHARED = `
SELECT scope, workflow, name, revision, value, changed_at_ms AS changedAtMs, changed_by AS changedBy
FROM shared_state
WHERE tenant = :tenant AND (scope, workflow, name) > (:afterScope, :afterWorkflow, :afterName)
  AND (:scope IS NULL OR scope = :scope)
  AND (:workflow IS NULL OR workflow = :workflow)
  AND (:prefix IS NULL OR substr(name, 1, length(:prefix)) = :prefix)
ORDER BY scope, workflow, name LIMIT :limit`;
