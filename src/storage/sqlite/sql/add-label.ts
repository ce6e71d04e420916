/** One label of a new run. */
export const ADD_LABEL = `
INSERT INTO labels (tenant, name, value, created_at_ms, run) VALUES (?1, ?2, ?3, ?4, ?5)`;
