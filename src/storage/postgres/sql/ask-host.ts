/** Host $2 asks host $1 the question $3, which is told on channel $4. */
export const ASK_HOST = `
WITH asked AS (
  INSERT INTO host_asks (to_host, from_host, question) VALUES ($1, $2, $3) RETURNING number
)
SELECT number, pg_notify($4, 'ask') FROM asked`;
