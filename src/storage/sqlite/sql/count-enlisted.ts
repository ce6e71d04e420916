/** What ENLIST_RUNS with the same numbers will add to the counters. */
export const COUNT_ENLISTED = `
INSERT INTO run_counts (tenant, status, count)
SELECT tenant, status, count(*) FROM runs NOT INDEXED
WHERE number > ?1 AND number <= ?2 AND fresh = 1 GROUP BY tenant, status
ON CONFLICT (tenant, status) DO UPDATE SET count = count + excluded.count`;
