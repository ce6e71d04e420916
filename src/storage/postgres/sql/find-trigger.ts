/** One trigger: $1 tenant, $2 workflow, $3 id. */
import { TRIGGER_COLUMNS } from "../trigger-columns.ts";

export const FIND_TRIGGER = `
SELECT ${TRIGGER_COLUMNS}
FROM triggers WHERE tenant = $1 AND workflow = $2 AND id = $3`;
