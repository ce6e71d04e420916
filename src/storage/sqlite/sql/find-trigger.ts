/** One trigger: tenant, workflow, id. */
export const FIND_TRIGGER = `
SELECT tenant, workflow, id, kind, source, lookup, revision, created_at_ms AS createdAtMs,
  changed_at_ms AS changedAtMs, due_at_ms AS dueAtMs, paused, spec, state
FROM triggers WHERE tenant = ?1 AND workflow = ?2 AND id = ?3`;
