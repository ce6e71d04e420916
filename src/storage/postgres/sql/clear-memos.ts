/** At most $4 of tenant $1's that match workflow $2 and label or key $3 (null: any). What another host holds just now it waits for. */
export const CLEAR_MEMOS = `
DELETE FROM memos
WHERE number = ANY (ARRAY(
  SELECT number FROM memos
  WHERE tenant = $1
    AND ($2::text IS NULL OR workflow = $2)
    AND ($3::text IS NULL OR label = $3 OR key = $3)
  ORDER BY number LIMIT $4 FOR UPDATE))`;
