/** What operators did to one value, newest first. $5 how many. */
export const LIST_SHARED_CHANGES = `
SELECT scope, workflow, name, at_ms AS "atMs", by, reason, before, after
FROM shared_state_changes
WHERE tenant = $1 AND scope = $2 AND workflow = $3 AND name = $4
ORDER BY number DESC LIMIT $5`;
