/** What run $1 refers to may be referred to by nobody from $2 on. */
export const LOOSEN_BLOBS = `
INSERT INTO blob_loose AS l (tenant, hash, since_ms)
SELECT tenant, hash, $2 FROM blob_refs WHERE run = $1 ORDER BY tenant, hash
ON CONFLICT (tenant, hash) DO UPDATE SET since_ms = greatest(l.since_ms, excluded.since_ms)`;
