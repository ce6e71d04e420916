/** The turn that ends at or after event $3. $1 tenant, $2 run id. */
export const FIND_TURN = `
SELECT first_seq AS "firstSeq", last_seq AS "lastSeq", at_ms AS "atMs", events
FROM turns
WHERE run = (SELECT number FROM runs WHERE tenant = $1 AND run_id = $2 AND status < 7) AND last_seq >= $3
ORDER BY last_seq LIMIT 1`;
