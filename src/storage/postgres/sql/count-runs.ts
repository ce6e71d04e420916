/** Of tenant $1; null: of all. */
export const COUNT_RUNS = `
SELECT status, sum(count)::bigint AS count FROM run_counts
WHERE $1::text IS NULL OR tenant = $1 GROUP BY status`;
