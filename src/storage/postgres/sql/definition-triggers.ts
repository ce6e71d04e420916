/** Triggers that a definition has brought; nobody else changes them meanwhile. */
import { TRIGGER_COLUMNS } from "../trigger-columns.ts";

export const DEFINITION_TRIGGERS = `
SELECT ${TRIGGER_COLUMNS}
FROM triggers WHERE tenant = $1 AND workflow = $2 AND source = 'definition'
ORDER BY id FOR UPDATE`;
