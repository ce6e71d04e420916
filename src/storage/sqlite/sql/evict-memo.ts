/** Drops the entry that was used longest ago, and answers its size. */
export const EVICT_MEMO = `
DELETE FROM memos
WHERE number = (SELECT number FROM memos INDEXED BY memos_by_use ORDER BY used_at_ms, number LIMIT 1)
RETURNING size`;
