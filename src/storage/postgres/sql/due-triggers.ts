/** What is due at $1 of all tenants, longest first. */
import { TRIGGER_COLUMNS } from "../trigger-columns.ts";

export const DUE_TRIGGERS = `
SELECT ${TRIGGER_COLUMNS}
FROM triggers WHERE due_at_ms <= $1
ORDER BY due_at_ms, tenant, workflow, id LIMIT $2`;
