/** The same, nobody else changes it until the transaction ends. */
import { TRIGGER_COLUMNS } from "../trigger-columns.ts";

export const LOCK_TRIGGER = `
SELECT ${TRIGGER_COLUMNS}
FROM triggers WHERE tenant = $1 AND workflow = $2 AND id = $3 FOR UPDATE`;
