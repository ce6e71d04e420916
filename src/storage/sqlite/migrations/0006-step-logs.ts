/**
 * What steps logged, one row a line. `position` is the order in which lines were committed: where
 * readers and streams go on. The key makes writing a line twice harmless; lines go with their run.
 * A read of a whole run and one of a single step each have an index that ends in the position.
 */
import type { Migration } from "../../migration.ts";

export const stepLogs: Migration = {
  version: 6,
  name: "step logs",
  sql: `
CREATE TABLE step_logs (
  position INTEGER PRIMARY KEY,
  run      INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
  path     TEXT NOT NULL,
  attempt  INTEGER NOT NULL,
  line     INTEGER NOT NULL,
  at_ms    INTEGER NOT NULL,
  level    INTEGER NOT NULL,
  text     TEXT NOT NULL,
  fields   TEXT
) STRICT;
CREATE UNIQUE INDEX step_logs_by_line ON step_logs (run, path, attempt, line);
CREATE INDEX step_logs_by_run ON step_logs (run);
CREATE INDEX step_logs_by_step ON step_logs (run, path);
`,
};
