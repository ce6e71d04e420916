/** A key younger than $3. $1 tenant, $2 key. */
export const FIND_START_KEY = `
SELECT run_id AS "runId", body_hash AS "bodyHash" FROM start_keys
WHERE tenant = $1 AND key = $2 AND at_ms > $3`;
