/** One run's row. $1 tenant, $2 run id. */
import { RUN_COLUMNS } from "../run-row.ts";

export const READ_HEAD = `
SELECT ${RUN_COLUMNS} FROM runs AS r WHERE r.run_id = $2 AND r.tenant || '' = $1 AND r.status < 7`;
