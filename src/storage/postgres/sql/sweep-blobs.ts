/**
 * Drops those of the held blobs (arrays of tenant and hash) that nobody refers to. It sees every
 * reference: one that is made after the blobs were held finds none.
 */
export const SWEEP_BLOBS = `
DELETE FROM blobs AS b
USING unnest($1::text[], $2::text[]) AS held (tenant, hash)
WHERE b.tenant = held.tenant AND b.hash = held.hash
  AND NOT EXISTS (SELECT 1 FROM blob_refs AS r WHERE r.tenant = b.tenant AND r.hash = b.hash)
  AND NOT EXISTS (SELECT 1 FROM memos AS m WHERE m.tenant = b.tenant AND m.blob_hash = b.hash)
RETURNING b.size`;
