/** What is due at ?1 of all tenants, longest first. */
export const DUE_TRIGGERS = `
SELECT tenant, workflow, id, kind, source, lookup, revision, created_at_ms AS createdAtMs,
  changed_at_ms AS changedAtMs, due_at_ms AS dueAtMs, paused, spec, state
FROM triggers WHERE due_at_ms <= ?1
ORDER BY due_at_ms, tenant, workflow, id LIMIT ?2`;
