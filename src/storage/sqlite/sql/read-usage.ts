/** Minutes from ?1 on, of other openings than ?2. */
export const READ_USAGE = `
SELECT tenant, workflow, minute_ms AS minuteMs, sum(steps) AS steps,
  sum(attempt_ms) AS attemptMs, sum(cpu_ms) AS cpuMs
FROM usage_minutes WHERE minute_ms >= ?1 AND writer <> ?2 GROUP BY minute_ms, tenant, workflow`;
