/** Newest first, without their states. $1 tenant, $2 run id. */
export const LIST_CHECKPOINT_MARKS = `
SELECT seq, length(state) AS bytes, is_pinned AS "isPinned" FROM checkpoints
WHERE run = (SELECT number FROM runs WHERE tenant = $1 AND run_id = $2 AND status < 7)
ORDER BY seq DESC`;
