/** When the next trigger is due. */
export const NEXT_DUE_TRIGGER = `
SELECT min(due_at_ms) AS dueAtMs FROM triggers WHERE due_at_ms IS NOT NULL`;
