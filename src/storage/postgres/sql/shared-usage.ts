/** How many values a workflow, or the tenant itself, has, and their bytes. */
export const SHARED_USAGE = `
SELECT coalesce(sum(names), 0)::bigint AS names, coalesce(sum(bytes), 0)::bigint AS bytes
FROM shared_usage WHERE tenant = $1 AND scope = $2 AND workflow = $3`;
