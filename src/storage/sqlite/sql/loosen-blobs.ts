/** What a run refers to may be referred to by nobody from now (?2) on. ?1 its number. */
export const LOOSEN_BLOBS = `
INSERT OR REPLACE INTO blob_loose (tenant, hash, since_ms)
SELECT tenant, hash, ?2 FROM blob_refs WHERE run = ?1`;
