/** How many runs there are, and how many of them have not ended. */
export const COUNT_RESTORED = `
SELECT count(*) FILTER (WHERE status < 7) AS runs, count(*) FILTER (WHERE status <= 3) AS "openRuns"
FROM runs`;
