/** Which other trigger of tenant $1 has the method and path $2; $3 workflow and $4 id ask. */
export const HOOK_OWNER = `
SELECT workflow, id FROM triggers
WHERE tenant = $1 AND kind = 'webhook' AND lookup = $2 AND NOT (workflow = $3 AND id = $4)`;
