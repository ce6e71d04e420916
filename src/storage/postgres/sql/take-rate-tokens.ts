/**
 * Grants tokens: of each demand ($1 names, each once, $2 limits, $3 windows, $4 how many are wanted) the
 * first ones for which there is room. $5 says of which demand each of the tokens $6 is, counted from 1,
 * and $7 which of its tokens; $8: how long one waits for its start. A name's rows have the greatest
 * window by which it was ever asked. Whoever asks holds the names' locks.
 */
export const TAKE_RATE_TOKENS = `
WITH clock AS MATERIALIZED (
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms),
demand AS MATERIALIZED (
  SELECT g.*, clock.now_ms, greatest(0, least(g.wanted, g.max - (
    SELECT count(*) FROM rate_tokens AS r
    WHERE r.name = g.name AND r.at_ms > clock.now_ms - g.per_ms))) AS granted
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::int[])
    WITH ORDINALITY AS g (name, max, per_ms, wanted, position)
  CROSS JOIN clock),
taken AS (
  INSERT INTO rate_tokens (name, token, at_ms, window_ms)
  SELECT d.name, g.token, d.now_ms + $8::bigint, greatest(d.per_ms, (
    SELECT r.window_ms FROM rate_tokens AS r WHERE r.name = d.name ORDER BY r.at_ms DESC LIMIT 1))
  FROM unnest($5::int[], $6::text[], $7::int[]) AS g (position, token, place)
  JOIN demand AS d ON d.position = g.position AND g.place <= d.granted)
SELECT d.granted, CASE WHEN d.granted < d.wanted THEN d.per_ms - d.now_ms + least(d.now_ms, coalesce((
  SELECT r.at_ms FROM rate_tokens AS r
  WHERE d.max > d.granted AND r.name = d.name AND r.at_ms > d.now_ms - d.per_ms
  ORDER BY r.at_ms DESC OFFSET greatest(0, d.max - d.granted - 1) LIMIT 1), d.now_ms)) END AS "retryAfterMs"
FROM demand AS d ORDER BY d.position`;
