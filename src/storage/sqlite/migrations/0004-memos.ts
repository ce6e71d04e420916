/**
 * Remembered results. `number` grows with each write, so that a list is newest first by it.
 *
 * - `memos_by_use` holds the size too: counting and adding up what there is, and finding what was
 *   used longest ago, reads this index and never the outputs.
 * - `output` stands last, so that a list reads no more of a row than it shows.
 * - `run` is set for scope `run` alone: such an entry goes with its run. The others outlive theirs.
 * - `blob_hash` is what a sweep must keep; `memos_by_blob` finds it. Whatever drops an entry, the
 *   trigger says that its blob may be loose from its last use on: a step that gets the blob's value
 *   puts it again, under its own run, before its commit.
 */
import type { Migration } from "../../migration.ts";

export const memos: Migration = {
  version: 4,
  name: "memos",
  sql: `
CREATE TABLE memos (
  number        INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant        TEXT NOT NULL,
  key           TEXT NOT NULL,
  scope         TEXT NOT NULL,
  run           INTEGER REFERENCES runs (number) ON DELETE CASCADE,
  label         TEXT,
  uses          TEXT NOT NULL,
  workflow      TEXT NOT NULL,
  run_id        TEXT NOT NULL,
  path          TEXT NOT NULL,
  blob_hash     TEXT,
  size          INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  used_at_ms    INTEGER NOT NULL,
  output        BLOB
) STRICT;
CREATE UNIQUE INDEX memos_by_key ON memos (tenant, key);
CREATE INDEX memos_by_use ON memos (used_at_ms, number, size);
CREATE INDEX memos_by_run ON memos (run) WHERE run IS NOT NULL;
CREATE INDEX memos_by_expiry ON memos (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
CREATE INDEX memos_by_blob ON memos (tenant, blob_hash) WHERE blob_hash IS NOT NULL;
CREATE INDEX memos_by_number ON memos (tenant, number);
CREATE TRIGGER memos_loosen AFTER DELETE ON memos WHEN old.blob_hash IS NOT NULL BEGIN
  INSERT OR REPLACE INTO blob_loose (tenant, hash, since_ms)
  VALUES (old.tenant, old.blob_hash, old.used_at_ms);
END;
`,
};
