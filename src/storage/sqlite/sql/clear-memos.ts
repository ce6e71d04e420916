/** At most :limit of those that match; answers one row each. */
export const CLEAR_MEMOS = `
DELETE FROM memos
WHERE number IN (
  SELECT number FROM memos
  WHERE tenant = :tenant
    AND (:workflow IS NULL OR workflow = :workflow)
    AND (:key IS NULL OR label = :key OR key = :key)
  LIMIT :limit)
RETURNING number`;
