/** Runs that have not ended, in order of creation, after number ?1. */
export const OPEN_RUNS = `
SELECT r.*, (SELECT max(t.last_seq) FROM turns AS t WHERE t.run = r.number) AS last_seq
FROM runs AS r INDEXED BY runs_open
WHERE r.status <= 3 AND r.number > ?1 ORDER BY r.number LIMIT ?2`;
