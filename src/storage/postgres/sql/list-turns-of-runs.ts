/** As LIST_TURNS, of many runs: $1 places, $2 tenants, $3 run ids, $4 sequence numbers, $5 limits. */
export const LIST_TURNS_OF_RUNS = `
SELECT g.at, f.* FROM unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::int[])
    AS g (at, tenant, run_id, after, most),
  LATERAL (SELECT first_seq AS "firstSeq", last_seq AS "lastSeq", at_ms AS "atMs", events
    FROM turns WHERE last_seq > g.after AND run = (
      SELECT number FROM runs WHERE run_id = g.run_id AND tenant || '' = g.tenant AND status < 7)
    ORDER BY last_seq LIMIT g.most) AS f
ORDER BY g.at, f."lastSeq"`;
