/** What this transaction inserted and deleted counts in the server's statistics as soon as it has ended. */
export const SETTLE_STATISTICS = "SELECT pg_stat_force_next_flush()";
