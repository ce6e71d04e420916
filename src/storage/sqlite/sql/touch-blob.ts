/** Whatever refers to it: blob ?2 of tenant ?1 stays for a while after ?3. */
export const TOUCH_BLOB = `
INSERT INTO blob_loose (tenant, hash, since_ms) VALUES (?1, ?2, ?3)
ON CONFLICT (tenant, hash) DO UPDATE SET since_ms = max(since_ms, excluded.since_ms)`;
