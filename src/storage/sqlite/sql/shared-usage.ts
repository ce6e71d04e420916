/** How many values a workflow, or the tenant itself, has, and their bytes. */
export const SHARED_USAGE = `
SELECT names, bytes FROM shared_usage WHERE tenant = ?1 AND scope = ?2 AND workflow = ?3`;
