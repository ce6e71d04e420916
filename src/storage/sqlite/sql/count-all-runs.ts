/** Of all tenants: a row per tenant and status. */
export const COUNT_ALL_RUNS = "SELECT status, sum(count) AS count FROM run_counts GROUP BY status";
