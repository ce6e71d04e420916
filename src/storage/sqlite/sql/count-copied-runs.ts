/** The counters of runs that were copied. */
export const COUNT_COPIED_RUNS = `
INSERT INTO run_counts (tenant, status, count)
SELECT tenant, status, count(*) FROM runs WHERE status < 7 GROUP BY tenant, status`;
