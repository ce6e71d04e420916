/** A trigger as it is from now on; one that is there keeps when it was made. */
export const SAVE_TRIGGER = `
INSERT INTO triggers (tenant, workflow, id, kind, source, lookup, revision, created_at_ms,
  changed_at_ms, due_at_ms, paused, spec, state)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (tenant, workflow, id) DO UPDATE SET
  kind = excluded.kind, source = excluded.source, lookup = excluded.lookup,
  revision = excluded.revision, changed_at_ms = excluded.changed_at_ms,
  due_at_ms = excluded.due_at_ms, paused = excluded.paused, spec = excluded.spec,
  state = excluded.state`;
