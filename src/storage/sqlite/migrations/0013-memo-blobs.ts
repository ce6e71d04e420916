/**
 * A blob of a dropped memo may be loose from the memo's last use on, unless it stands there with a
 * younger instant: a put that was answered since then counts.
 */
import type { Migration } from "../../migration.ts";

export const memoBlobs: Migration = {
  version: 13,
  name: "memo-blobs",
  sql: `
DROP TRIGGER memos_loosen;
CREATE TRIGGER memos_loosen AFTER DELETE ON memos WHEN old.blob_hash IS NOT NULL BEGIN
  INSERT INTO blob_loose (tenant, hash, since_ms)
  VALUES (old.tenant, old.blob_hash, old.used_at_ms)
  ON CONFLICT (tenant, hash) DO UPDATE SET since_ms = max(since_ms, excluded.since_ms);
END;
`,
};
