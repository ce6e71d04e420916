/** The newest four, newest first, bytes as stored. $1 tenant, $2 run id. */
export const LIST_CHECKPOINTS = `
SELECT seq, state_version AS "stateVersion", state, checksum FROM checkpoints
WHERE run = (SELECT number FROM runs WHERE tenant = $1 AND run_id = $2 AND status < 7)
ORDER BY seq DESC LIMIT 4`;
