/**
 * A trigger as it is from now on, where it has the revision before $7 (0: there is none). $1 tenant,
 * $2 workflow, $3 id, $4 kind, $5 source, $6 lookup, $7 revision, $8 now, $9 due, $10 paused, $11 spec, $12 state.
 */
export const SAVE_TRIGGER = `
INSERT INTO triggers AS t (tenant, workflow, id, kind, source, lookup, revision, created_at_ms,
  changed_at_ms, due_at_ms, paused, spec, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12)
ON CONFLICT (tenant, workflow, id) DO UPDATE SET
  kind = excluded.kind, source = excluded.source, lookup = excluded.lookup,
  revision = excluded.revision, changed_at_ms = excluded.changed_at_ms,
  due_at_ms = excluded.due_at_ms, paused = excluded.paused, spec = excluded.spec,
  state = excluded.state
WHERE t.revision = excluded.revision - 1
RETURNING revision`;
