/**
 * Starts of attempts: $1 names, $2 tokens, $3 windows, $4 how many milliseconds ago they began. Instants
 * are rounded up: a start never counts for less than its window.
 */
export const START_RATE_TOKENS = `
INSERT INTO rate_tokens AS r (name, token, at_ms, window_ms)
SELECT g.name, g.token, ceil(extract(epoch FROM clock_timestamp()) * 1000)::bigint - g.ago_ms, g.per_ms
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS g (name, token, per_ms, ago_ms)
ON CONFLICT (name, token) DO UPDATE
SET at_ms = EXCLUDED.at_ms, window_ms = greatest(r.window_ms, EXCLUDED.window_ms)`;
