/** Instants at which entries were used, by number; never an earlier one than is there. What another host holds is passed over. */
export const USE_MEMOS = `
UPDATE memos AS m SET used_at_ms = greatest(m.used_at_ms, g.at_ms)
FROM unnest($1::bigint[], $2::bigint[]) AS g (number, at_ms)
WHERE m.number = g.number AND m.number = ANY (ARRAY(
  SELECT number FROM memos WHERE number = ANY ($1::bigint[]) ORDER BY number FOR UPDATE SKIP LOCKED))`;
