/** Loose since before $1, the oldest first, at most $2; those that somebody is putting again are passed over. */
export const HOLD_LOOSE_BLOBS = `
SELECT tenant, hash FROM blob_loose WHERE since_ms < $1
ORDER BY since_ms LIMIT $2 FOR UPDATE SKIP LOCKED`;
