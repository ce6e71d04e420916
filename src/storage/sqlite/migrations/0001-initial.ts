/**
 * The first schema. What it is shaped by: a group commit must dirty few pages, because each dirty
 * page is 4 KiB in the WAL before the one fsync.
 *
 * - `turns` is a rowid table, appended at its end whatever run a turn belongs to; only its slim
 *   index goes by run. Measured with groups of 100 turns of 400 bytes for random ones of 1,000
 *   (20,000) open runs: 98 (118) pages and 1.2 (1.1) ms a group. Clustered by run instead (WITHOUT
 *   ROWID): 240 (280) pages and 1.9 (3.1) ms. Run numbers are handed out in order of creation, so
 *   runs that are open together lie close together.
 * - It is keyed by the *last* sequence number: "what is after seq" and "which turn holds seq" are
 *   then both one descent.
 * - `runs` carries what lists filter by; its status index is touched only when a status changes.
 *   There is no epoch column: a data directory has one owner, so the owner epoch of every run is
 *   `meta.owner_epoch`, and taking over a million runs is one row.
 * - `run_counts` is kept by the writer, so that counting does not scan.
 * - A message that is consumed keeps its row without its body: one unique index answers both "is it
 *   there" and "has it been applied" (J4).
 * - `commits` is a ring of 1,000 slots without a second index: one page per commit; looking one up
 *   (after an unknown outcome only) reads ten pages.
 *
 * JSON is stored as BLOB, UTF-8: no collation, no affinity, the bytes that were hashed.
 */
import type { Migration } from "../../migration.ts";

export const initial: Migration = {
  version: 1,
  name: "initial",
  sql: `
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  number        INTEGER PRIMARY KEY,
  tenant        TEXT NOT NULL,
  run_id        TEXT NOT NULL,
  workflow      TEXT NOT NULL,
  version       INTEGER NOT NULL,
  status        INTEGER NOT NULL,
  seq           INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  ended_at_ms   INTEGER,
  labels        TEXT NOT NULL,
  parent_run_id TEXT,
  error_code    TEXT,
  min_reader    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX runs_by_id ON runs (tenant, run_id);
CREATE INDEX runs_by_time ON runs (tenant, created_at_ms);
CREATE INDEX runs_by_status ON runs (tenant, status, created_at_ms);
CREATE INDEX runs_by_workflow ON runs (tenant, workflow, status, created_at_ms);
CREATE INDEX runs_by_parent ON runs (tenant, parent_run_id, created_at_ms)
  WHERE parent_run_id IS NOT NULL;
CREATE INDEX runs_open ON runs (number) WHERE status <= 3;

CREATE TABLE labels (
  tenant        TEXT NOT NULL,
  name          TEXT NOT NULL,
  value         TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  run           INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
  PRIMARY KEY (tenant, name, value, created_at_ms, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_run ON labels (run);

CREATE TABLE run_counts (
  tenant TEXT NOT NULL,
  status INTEGER NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (tenant, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE turns (
  number    INTEGER PRIMARY KEY,
  run       INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
  first_seq INTEGER NOT NULL,
  last_seq  INTEGER NOT NULL,
  at_ms     INTEGER NOT NULL,
  events    BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX turns_by_run ON turns (run, last_seq);

CREATE TABLE checkpoints (
  number        INTEGER PRIMARY KEY,
  run           INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
  seq           INTEGER NOT NULL,
  state_version INTEGER NOT NULL,
  state         BLOB NOT NULL,
  checksum      BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX checkpoints_by_run ON checkpoints (run, seq);

CREATE TABLE messages (
  number         INTEGER PRIMARY KEY,
  tenant         TEXT NOT NULL,
  message_id     TEXT NOT NULL,
  to_run_id      TEXT NOT NULL,
  kind           TEXT NOT NULL,
  body           BLOB NOT NULL,
  consumed_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX messages_by_id ON messages (tenant, message_id);
CREATE INDEX messages_waiting ON messages (number) WHERE consumed_at_ms IS NULL;
CREATE INDEX messages_consumed ON messages (consumed_at_ms) WHERE consumed_at_ms IS NOT NULL;

CREATE TABLE start_keys (
  tenant    TEXT NOT NULL,
  key       TEXT NOT NULL,
  run_id    TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  at_ms     INTEGER NOT NULL,
  PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX start_keys_by_time ON start_keys (at_ms);

CREATE TABLE commits (
  slot      INTEGER PRIMARY KEY,
  number    INTEGER NOT NULL,
  commit_id TEXT NOT NULL
) STRICT;

CREATE TABLE workflows (
  tenant        TEXT NOT NULL,
  name          TEXT NOT NULL,
  version       INTEGER NOT NULL,
  hash          TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  definition    BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX workflows_by_name ON workflows (tenant, name, version);

CREATE TABLE workflow_names (
  tenant TEXT NOT NULL,
  name   TEXT NOT NULL,
  newest INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
  number        INTEGER PRIMARY KEY,
  tenant        TEXT NOT NULL,
  hash          TEXT NOT NULL,
  is_compressed INTEGER NOT NULL,
  size          INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  body          BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX blobs_by_hash ON blobs (tenant, hash);

INSERT INTO meta (name, value) VALUES ('owner_epoch', 0);
INSERT INTO meta (name, value) VALUES ('store_id', lower(hex(randomblob(16))));
`,
};
