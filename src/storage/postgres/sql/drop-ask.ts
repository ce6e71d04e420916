/** Nobody waits for an answer to question $1 any more. */
export const DROP_ASK = `DELETE FROM host_asks WHERE number = $1`;
