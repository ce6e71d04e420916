/** The columns of a trigger, as the port names them. */
export const TRIGGER_COLUMNS = `tenant, workflow, id, kind, source, lookup, revision,
  created_at_ms AS "createdAtMs", changed_at_ms AS "changedAtMs", due_at_ms AS "dueAtMs", paused,
  spec, state`;
