/** Loose since before ?1, the oldest first; `isReferred` tells those that are not loose at all. */
export const OLD_LOOSE_BLOBS = `
SELECT l.tenant, l.hash, EXISTS (
  SELECT 1 FROM blob_refs AS r WHERE r.tenant = l.tenant AND r.hash = l.hash)
  OR EXISTS (
  SELECT 1 FROM memos AS m WHERE m.tenant = l.tenant AND m.blob_hash = l.hash) AS isReferred
FROM blob_loose AS l INDEXED BY blob_loose_by_time
WHERE l.since_ms < ?1 ORDER BY l.since_ms LIMIT ?2`;
