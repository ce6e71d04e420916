/** Without reading its body; `sinceMs` is null where it is not loose. $1 tenant, $2 hash. */
export const LOOK_AT_BLOB = `
SELECT b.size, l.since_ms AS "sinceMs"
FROM blobs AS b LEFT JOIN blob_loose AS l ON l.tenant = b.tenant AND l.hash = b.hash
WHERE b.tenant = $1 AND b.hash = $2`;
