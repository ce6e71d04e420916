/** Places that nothing came of: $1 tenants, $2 runs. */
export const GIVE_BACK_STARTS = `
DELETE FROM start_places AS p USING unnest($1::text[], $2::text[]) AS g (tenant, run_id)
WHERE p.tenant = g.tenant AND p.run_id = g.run_id AND NOT p.is_taken`;
