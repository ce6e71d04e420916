/** Tokens ($1 names, $2 tokens) that count no more. */
export const DROP_RATE_TOKENS = `
DELETE FROM rate_tokens AS r USING unnest($1::text[], $2::text[]) AS g (name, token)
WHERE r.name = g.name AND r.token = g.token`;
