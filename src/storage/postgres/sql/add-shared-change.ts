/** What an operator did. */
export const ADD_SHARED_CHANGE = `
INSERT INTO shared_state_changes (tenant, scope, workflow, name, at_ms, by, reason, before, after)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
