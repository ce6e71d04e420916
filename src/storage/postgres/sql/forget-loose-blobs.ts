/**
 * Of loose blobs $1, $2 (arrays of tenant and hash) those that are gone, or were held ($3, $4) and
 * are referred to. One that a commit is about to refer to is looked at again.
 */
export const FORGET_LOOSE_BLOBS = `
DELETE FROM blob_loose AS l
USING unnest($1::text[], $2::text[]) AS old (tenant, hash)
WHERE l.tenant = old.tenant AND l.hash = old.hash AND (
  (l.tenant, l.hash) IN (SELECT * FROM unnest($3::text[], $4::text[]))
  OR NOT EXISTS (SELECT 1 FROM blobs AS b WHERE b.tenant = l.tenant AND b.hash = l.hash))`;
