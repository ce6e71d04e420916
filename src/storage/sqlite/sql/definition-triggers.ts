/** Triggers that a workflow's definition has brought. */
export const DEFINITION_TRIGGERS = `
SELECT tenant, workflow, id, kind, source, lookup, revision, created_at_ms AS createdAtMs,
  changed_at_ms AS changedAtMs, due_at_ms AS dueAtMs, paused, spec, state
FROM triggers WHERE tenant = ?1 AND workflow = ?2 AND source = 'definition'`;
