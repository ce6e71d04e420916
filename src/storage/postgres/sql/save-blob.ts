/**
 * A hash that is there stays as it is (B3). Its loose row comes first: a sweep that holds it has
 * taken the blob, or leaves it, before this one goes on. $1 tenant, $2 hash, $3 now.
 */
export const SAVE_BLOB = `
WITH touched AS (
  INSERT INTO blob_loose AS l (tenant, hash, since_ms) VALUES ($1, $2, $3)
  ON CONFLICT (tenant, hash) DO UPDATE SET since_ms = greatest(l.since_ms, excluded.since_ms)
  RETURNING 1)
INSERT INTO blobs (tenant, hash, is_compressed, size, created_at_ms, body)
SELECT $1, $2, $4, $5, $3, $6 FROM touched
ON CONFLICT (tenant, hash) DO NOTHING`;
