/**
 * Values that runs of a workflow or of a tenant share, and what operators have changed of them.
 * `workflow` is '' for values of the tenant itself, so that the key has no NULL.
 */
import type { Migration } from "../../migration.ts";

export const sharedState: Migration = {
  version: 9,
  name: "shared-state",
  sql: `
CREATE TABLE shared_state (
  tenant        TEXT NOT NULL,
  scope         TEXT NOT NULL,
  workflow      TEXT NOT NULL,
  name          TEXT NOT NULL,
  revision      INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL,
  changed_by    TEXT NOT NULL,
  value         TEXT NOT NULL,
  PRIMARY KEY (tenant, scope, workflow, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE shared_state_changes (
  number   INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant   TEXT NOT NULL,
  scope    TEXT NOT NULL,
  workflow TEXT NOT NULL,
  name     TEXT NOT NULL,
  at_ms    INTEGER NOT NULL,
  by       TEXT NOT NULL,
  reason   TEXT,
  before   TEXT,
  after    TEXT
) STRICT;
CREATE INDEX shared_state_changes_by_number ON shared_state_changes (tenant, number);
CREATE INDEX shared_state_changes_by_name
  ON shared_state_changes (tenant, scope, workflow, name, number);
`,
};
