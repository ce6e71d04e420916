/** The same of all tenants, by scope; a row for each owner of values is read. */
export const SHARED_TOTALS = `
SELECT scope, sum(names) AS names, sum(bytes) AS bytes FROM shared_usage GROUP BY scope`;
