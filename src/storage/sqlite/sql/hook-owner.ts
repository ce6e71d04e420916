/** Which other trigger of the tenant has a webhook's method and path. */
export const HOOK_OWNER = `
SELECT workflow, id FROM triggers
WHERE tenant = ?1 AND kind = 'webhook' AND lookup = ?2 AND NOT (workflow = ?3 AND id = ?4)`;
