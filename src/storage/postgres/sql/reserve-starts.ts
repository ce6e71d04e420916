/**
 * A place for each start, see reserve_start: $1 tenants, $2 workflows, $3 runs, $4 milliseconds that a
 * place is held, $5 to $8 limits of open runs and of starts, of tenants and of workflows. Answers a
 * text for each, in their order: null, or what is used up.
 */
export const RESERVE_STARTS = `
SELECT reserve_start(g.tenant, g.workflow, g.run_id, $4::bigint * interval '1 ms',
  g.tenant_open, g.tenant_starts, g.workflow_open, g.workflow_starts) AS refusal
FROM unnest($1::text[], $2::text[], $3::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
  AS g (tenant, workflow, run_id, tenant_open, tenant_starts, workflow_open, workflow_starts)`;
