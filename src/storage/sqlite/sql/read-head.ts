/** One run's row. ?1 tenant, ?2 run id. */
export const READ_HEAD = "SELECT * FROM runs WHERE tenant = ?1 AND run_id = ?2";
