/** Turns whose last event is after $3. $1 tenant, $2 run id. */
import { RUN_NUMBER } from "../run-key-sql.ts";

export const LIST_TURNS = `
SELECT first_seq AS "firstSeq", last_seq AS "lastSeq", at_ms AS "atMs", events
FROM turns
WHERE run = ${RUN_NUMBER} AND last_seq > $3
ORDER BY last_seq LIMIT $4`;
