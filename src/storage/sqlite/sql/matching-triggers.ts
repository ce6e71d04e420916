/** Triggers of a tenant and kind that a lookup finds. */
export const MATCHING_TRIGGERS = `
SELECT tenant, workflow, id, kind, source, lookup, revision, created_at_ms AS createdAtMs,
  changed_at_ms AS changedAtMs, due_at_ms AS dueAtMs, paused, spec, state
FROM triggers WHERE tenant = ?1 AND kind = ?2 AND lookup = ?3 AND lookup <> ''
ORDER BY workflow, id`;
