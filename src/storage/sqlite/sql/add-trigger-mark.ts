/** What came of an instant. */
export const ADD_TRIGGER_MARK = `
INSERT INTO trigger_marks (tenant, workflow, id, kind, instant_ms, until_ms, run_id, reason, at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`;
