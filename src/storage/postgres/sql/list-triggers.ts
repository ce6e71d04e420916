/** Triggers of tenant $1 by workflow and id, after ($2, $3); of workflow $4 and kind $5 where they are given. */
import { TRIGGER_COLUMNS } from "../trigger-columns.ts";

export const LIST_TRIGGERS = `
SELECT ${TRIGGER_COLUMNS}
FROM triggers WHERE tenant = $1 AND (workflow, id) > ($2, $3)
  AND ($4::text IS NULL OR workflow = $4)
  AND ($5::text IS NULL OR kind = $5)
ORDER BY workflow, id LIMIT $6`;
