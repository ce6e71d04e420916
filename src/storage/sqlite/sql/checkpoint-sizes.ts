/** Bytes of all checkpoints of a run, without reading them. ?1 tenant, ?2 run id. */
export const CHECKPOINT_SIZES = `
SELECT coalesce(sum(length(state)), 0) AS bytes FROM checkpoints
WHERE run = (SELECT number FROM runs WHERE tenant = ?1 AND run_id = ?2 AND status < 7)`;
