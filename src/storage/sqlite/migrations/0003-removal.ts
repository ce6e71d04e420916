/**
 * Deleting runs and sweeping blobs.
 *
 * - A run that is deleted first becomes invisible (status 7) in one short transaction; its rows go
 *   in small batches afterwards, its own row last. `runs_removed` finds what is left to do.
 * - `tombstones` keeps its id for ever: a start with it is refused, also years later. Who deleted
 *   it, when and why stands there as well.
 * - `blob_refs` says which run's journal refers to which blob, written in the transaction of the
 *   turn that does. Only turns with a payload over 64 KiB have one.
 * - `blob_loose` holds the blobs that may be referred to by nobody, with the instant since when:
 *   every blob when it is put, and a run's blobs when the run goes. A sweep looks at the oldest of
 *   these only, so it costs what has changed, never a pass over all blobs.
 */
import type { Migration } from "../../migration.ts";

export const removal: Migration = {
  version: 3,
  name: "removal",
  sql: `
CREATE INDEX runs_removed ON runs (number) WHERE status = 7;

CREATE TABLE tombstones (
  tenant        TEXT NOT NULL,
  run_id        TEXT NOT NULL,
  removed_at_ms INTEGER NOT NULL,
  removed_by    TEXT NOT NULL,
  reason        TEXT,
  PRIMARY KEY (tenant, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob_refs (
  run    INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
  hash   TEXT NOT NULL,
  tenant TEXT NOT NULL,
  PRIMARY KEY (run, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_refs_by_hash ON blob_refs (tenant, hash);

CREATE TABLE blob_loose (
  tenant   TEXT NOT NULL,
  hash     TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_loose_by_time ON blob_loose (since_ms);

INSERT OR IGNORE INTO blob_refs (run, hash, tenant)
SELECT t.run, json_extract(field.value, '$.hash'), r.tenant
FROM turns AS t
JOIN runs AS r ON r.number = t.run
JOIN json_each(CAST(t.events AS TEXT)) AS event
JOIN json_each(event.value) AS field
WHERE instr(t.events, CAST('Blob":{' AS BLOB)) > 0
  AND event.type = 'object'
  AND field.key GLOB '*Blob' AND field.type = 'object'
  AND json_extract(field.value, '$.hash') IS NOT NULL;

INSERT INTO blob_loose (tenant, hash, since_ms) SELECT tenant, hash, created_at_ms FROM blobs;
`,
};
