/** Open runs of host $1 under an epoch after $2, the oldest first. */
import { RUN_COLUMNS } from "../run-row.ts";

export const LIST_CLAIMED_RUNS = `
SELECT ${RUN_COLUMNS} FROM runs AS r
WHERE r.owner = $1 AND r.status <= 3 AND r.owner_epoch > $2 ORDER BY r.number`;
