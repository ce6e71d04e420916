/** What the fence compares and the counters need. ?1 tenant, ?2 run id. */
export const FIND_RUN = "SELECT number, seq, status FROM runs WHERE tenant = ?1 AND run_id = ?2";
