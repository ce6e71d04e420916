/** Whatever refers to it: blob $2 of tenant $1 stays for a while after $3. Waits for a sweep that holds it. */
export const TOUCH_BLOB = `
INSERT INTO blob_loose AS l (tenant, hash, since_ms) VALUES ($1, $2, $3)
ON CONFLICT (tenant, hash) DO UPDATE SET since_ms = greatest(l.since_ms, excluded.since_ms)`;
