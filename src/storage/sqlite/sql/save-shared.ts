/** Sets a value, whether there was one or not. */
export const SAVE_SHARED = `
INSERT INTO shared_state (tenant, scope, workflow, name, revision, changed_at_ms, changed_by, value)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT DO UPDATE SET revision = excluded.revision, changed_at_ms = excluded.changed_at_ms,
  changed_by = excluded.changed_by, value = excluded.value`;
