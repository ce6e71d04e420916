/** Of those named by arrays of tenant and hash the ones that no commit under way refers to: from here on none can. */
export const HOLD_BLOBS = `
SELECT b.tenant, b.hash FROM blobs AS b
JOIN unnest($1::text[], $2::text[]) AS old (tenant, hash)
  ON b.tenant = old.tenant AND b.hash = old.hash
FOR UPDATE OF b SKIP LOCKED`;
