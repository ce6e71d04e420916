/** The newest four, newest first, bytes as stored. $1 tenant, $2 run id. */
import { RUN_NUMBER } from "../run-key-sql.ts";

export const LIST_CHECKPOINTS = `
SELECT seq, state_version AS "stateVersion", state, checksum FROM checkpoints
WHERE run = ${RUN_NUMBER}
ORDER BY seq DESC LIMIT 4`;
