/** As LIST_CHECKPOINTS, of many runs: $1 places, $2 tenants, $3 run ids. */
export const LIST_CHECKPOINTS_OF_RUNS = `
SELECT g.at, f.* FROM unnest($1::int[], $2::text[], $3::text[]) AS g (at, tenant, run_id),
  LATERAL (SELECT seq, state_version AS "stateVersion", state, checksum
    FROM checkpoints WHERE run = (
      SELECT number FROM runs WHERE run_id = g.run_id AND tenant || '' = g.tenant AND status < 7)
    ORDER BY seq DESC LIMIT 4) AS f
ORDER BY g.at, f.seq DESC`;
