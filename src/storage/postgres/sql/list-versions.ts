/** Newest first. $1 tenant, $2 name. */
export const LIST_VERSIONS = `
SELECT name, version, hash, created_at_ms AS "createdAtMs"
FROM workflows WHERE tenant = $1 AND name = $2 ORDER BY version DESC`;
