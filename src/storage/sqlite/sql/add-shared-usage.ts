/** Counts ?4 names and ?5 bytes more; either may be negative. */
export const ADD_SHARED_USAGE = `
INSERT INTO shared_usage (tenant, scope, workflow, names, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET names = names + excluded.names, bytes = bytes + excluded.bytes`;
