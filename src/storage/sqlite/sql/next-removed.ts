/** A run whose rows are to go, the oldest first. */
export const NEXT_REMOVED = `
SELECT number, tenant FROM runs INDEXED BY runs_removed WHERE status = 7 ORDER BY number LIMIT 1`;
