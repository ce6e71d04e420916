/** Triggers of tenant :tenant by workflow and id, after the given ones. */
export const LIST_TRIGGERS = `
SELECT tenant, workflow, id, kind, source, lookup, revision, created_at_ms AS createdAtMs,
  changed_at_ms AS changedAtMs, due_at_ms AS dueAtMs, paused, spec, state
FROM triggers
WHERE tenant = :tenant AND (workflow, id) > (:afterWorkflow, :afterId)
  AND (:workflow IS NULL OR workflow = :workflow)
  AND (:kind IS NULL OR kind = :kind)
ORDER BY workflow, id LIMIT :limit`;
