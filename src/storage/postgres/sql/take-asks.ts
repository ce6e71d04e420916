/** What host $1 has been asked and has not taken yet. */
export const TAKE_ASKS = `
UPDATE host_asks SET is_taken = true WHERE to_host = $1 AND NOT is_taken
RETURNING number, from_host AS "fromHost", question`;
