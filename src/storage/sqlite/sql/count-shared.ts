/** How many values a workflow, or the tenant itself, has. */
export const COUNT_SHARED = `
SELECT count(*) AS count FROM shared_state WHERE tenant = ?1 AND scope = ?2 AND workflow = ?3`;
