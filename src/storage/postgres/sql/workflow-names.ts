/** Every name of every tenant, after ($1, $2); $3 how many. */
export const WORKFLOW_NAMES = `
SELECT tenant, name FROM workflow_names WHERE (tenant, name) > ($1, $2)
ORDER BY tenant, name LIMIT $3`;
