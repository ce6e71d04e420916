/** Moves a tenant's counter of one status. */
export const ADD_COUNT = `
INSERT INTO run_counts (tenant, status, count) VALUES (?1, ?2, ?3)
ON CONFLICT (tenant, status) DO UPDATE SET count = count + excluded.count`;
