/** $1 tenant, $2 hash. */
export const FIND_BLOB = `
SELECT is_compressed AS "isCompressed", size, body FROM blobs WHERE tenant = $1 AND hash = $2`;
