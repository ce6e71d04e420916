/** The newest version of this hash. $1 tenant, $2 name, $3 hash. */
export const FIND_SAME_WORKFLOW = `
SELECT version, created_at_ms AS "createdAtMs" FROM workflows
WHERE tenant = $1 AND name = $2 AND hash = $3 ORDER BY version DESC LIMIT 1`;
