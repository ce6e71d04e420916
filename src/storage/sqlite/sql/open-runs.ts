/** Runs that have not ended, in order of creation, after number ?1. */
export const OPEN_RUNS = `
SELECT * FROM runs INDEXED BY runs_open
WHERE status <= 3 AND number > ?1 ORDER BY number LIMIT ?2`;
