/** Of one tenant. */
export const COUNT_RUNS = "SELECT status, count FROM run_counts WHERE tenant = ?1";
