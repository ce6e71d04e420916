/** The entry of a key, unless it has expired at $3. $1 tenant, $2 key. Only the index by key fits. */
export const FIND_MEMO = `
SELECT number, key, scope, label, uses, workflow, run_id AS "runId", path, output,
  blob_hash AS "blobHash", size, created_at_ms AS "createdAtMs", expires_at_ms AS "expiresAtMs",
  used_at_ms AS "usedAtMs"
FROM memos
WHERE key = $2 AND tenant || '' = $1 AND (expires_at_ms IS NULL OR expires_at_ms > $3)`;
