/** By tenant and workflow, of all openings. */
export const READ_STORED = `
SELECT tenant, workflow, sum(bytes)::bigint AS bytes FROM stored_bytes GROUP BY tenant, workflow`;
