/** What starts workflows by itself, and what came of the instants of schedules. */
import type { Migration } from "../../migration.ts";

export const triggers: Migration = {
  version: 12,
  name: "triggers",
  sql: `
CREATE TABLE triggers (
  tenant        TEXT NOT NULL,
  workflow      TEXT NOT NULL,
  id            TEXT NOT NULL,
  kind          TEXT NOT NULL,
  source        TEXT NOT NULL,
  lookup        TEXT NOT NULL,
  revision      INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL,
  due_at_ms     INTEGER,
  paused        TEXT,
  spec          TEXT NOT NULL,
  state         TEXT NOT NULL,
  PRIMARY KEY (tenant, workflow, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX triggers_by_lookup ON triggers (tenant, kind, lookup) WHERE lookup <> '';
CREATE UNIQUE INDEX triggers_by_hook ON triggers (tenant, lookup) WHERE kind = 'webhook';
CREATE INDEX triggers_by_due ON triggers (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE TABLE trigger_marks (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant     TEXT NOT NULL,
  workflow   TEXT NOT NULL,
  id         TEXT NOT NULL,
  kind       TEXT NOT NULL,
  instant_ms INTEGER NOT NULL,
  until_ms   INTEGER,
  run_id     TEXT,
  reason     TEXT,
  at_ms      INTEGER NOT NULL
) STRICT;
CREATE INDEX trigger_marks_by_trigger ON trigger_marks (tenant, workflow, id, number);
`,
};
