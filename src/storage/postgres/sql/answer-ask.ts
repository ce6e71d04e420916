/** The answer $2 to question $1, told on channel $3; whoever asked may be gone. */
export const ANSWER_ASK = `
WITH answered AS (
  UPDATE host_asks SET answer = $2 WHERE number = $1 RETURNING number
)
SELECT pg_notify($3, 'answer ' || number) FROM answered`;
