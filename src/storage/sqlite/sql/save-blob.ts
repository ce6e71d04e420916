/** A hash that is there stays as it is (B3). */
export const SAVE_BLOB = `
INSERT INTO blobs (tenant, hash, is_compressed, size, created_at_ms, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (tenant, hash) DO NOTHING`;
