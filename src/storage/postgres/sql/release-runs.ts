/** Runs of host $1 become nobody's: tenants $2, run ids $3, each under the epoch of $4 in its place. */
export const RELEASE_RUNS = `
UPDATE runs AS r SET owner = NULL, owner_epoch = (SELECT nextval('owner_epochs'))
FROM unnest($2::text[], $3::text[], $4::bigint[]) AS given (tenant, run_id, epoch)
WHERE r.run_id = given.run_id AND r.tenant || '' = given.tenant AND r.owner_epoch = given.epoch
  AND r.owner = $1 AND r.status <= 3`;
