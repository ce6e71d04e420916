/**
 * Drops what was used longest ago until at most $1 entries and $2 bytes are left; at most $3 at once,
 * each of at least $4 bytes. What another host holds just now is passed over, so that none waits.
 */
export const EVICT_MEMOS = `
WITH excess AS MATERIALIZED (
  SELECT greatest(coalesce(sum(entries), 0) - $1, 0) AS entries,
    greatest(coalesce(sum(bytes), 0) - $2, 0) AS bytes
  FROM memo_totals
), oldest AS (
  SELECT number, row_number() OVER by_use AS place, sum(size) OVER by_use - size AS bytes_before
  FROM (
    SELECT number, used_at_ms, size FROM memos ORDER BY used_at_ms, number
    LIMIT (SELECT least(greatest(entries, ceil(bytes / $4::numeric)), $3)::bigint FROM excess)
  ) AS first
  WINDOW by_use AS (ORDER BY used_at_ms, number ROWS UNBOUNDED PRECEDING)
)
DELETE FROM memos WHERE number = ANY (ARRAY(
  SELECT m.number FROM memos AS m
  JOIN oldest ON oldest.number = m.number
  CROSS JOIN excess
  WHERE oldest.place <= excess.entries OR oldest.bytes_before < excess.bytes
  ORDER BY m.number FOR UPDATE OF m SKIP LOCKED))`;
