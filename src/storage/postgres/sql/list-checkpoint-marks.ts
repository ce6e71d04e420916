/** Newest first, without their states. $1 tenant, $2 run id. */
import { RUN_NUMBER } from "../run-key-sql.ts";

export const LIST_CHECKPOINT_MARKS = `
SELECT seq, length(state) AS bytes, is_pinned AS "isPinned" FROM checkpoints
WHERE run = ${RUN_NUMBER}
ORDER BY seq DESC`;
