/** Triggers of tenant $1 and kind $2 that lookup $3 finds. */
import { TRIGGER_COLUMNS } from "../trigger-columns.ts";

export const MATCHING_TRIGGERS = `
SELECT ${TRIGGER_COLUMNS}
FROM triggers WHERE tenant = $1 AND kind = $2 AND lookup = $3 AND lookup <> ''
ORDER BY workflow, id`;
