/** A run whose rows are to go, the oldest that no other host is at. */
export const NEXT_REMOVED = `
SELECT number FROM runs WHERE status = 7 ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED`;
