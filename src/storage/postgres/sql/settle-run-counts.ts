/** The counters of runs that were copied. */
export const SETTLE_RUN_COUNTS = `
INSERT INTO run_counts (tenant, status, writer, count)
SELECT tenant, status, 0, count(*) FROM runs WHERE status < 7 GROUP BY tenant, status`;
