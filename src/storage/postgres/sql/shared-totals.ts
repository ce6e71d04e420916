/** The same of all tenants, by scope; a row for each owner of values is read. */
export const SHARED_TOTALS = `
SELECT scope, sum(names)::bigint AS names, sum(bytes)::bigint AS bytes
FROM shared_usage GROUP BY scope`;
