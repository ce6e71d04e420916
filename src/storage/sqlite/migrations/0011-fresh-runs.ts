/**
 * Runs enter the lists some time after they have begun, many at once (run-lists.ts). A run that has
 * not is `fresh`: no list has it but its own row, so that its beginning and its end write five pages
 * less each. Whatever is there when this migration runs stands in the lists, and its row stays as it is.
 *
 * - `meta.listed_to` is the greatest number in the lists: fresh runs are found behind it, without an
 *   index of their own.
 * - Parents and labels of a run never or hardly ever change: their indexes have it at once.
 */
import type { Migration } from "../../migration.ts";

export const freshRuns: Migration = {
  version: 11,
  name: "fresh-runs",
  sql: `
ALTER TABLE runs ADD COLUMN fresh INTEGER;
DROP INDEX runs_by_time;
DROP INDEX runs_by_status;
DROP INDEX runs_by_workflow;
DROP INDEX runs_open;
CREATE INDEX runs_by_time ON runs (tenant, created_at_ms) WHERE fresh IS NULL;
CREATE INDEX runs_by_status ON runs (tenant, status, created_at_ms) WHERE fresh IS NULL;
CREATE INDEX runs_by_workflow ON runs (tenant, workflow, status, created_at_ms)
  WHERE fresh IS NULL;
CREATE INDEX runs_open ON runs (number) WHERE status <= 3 AND fresh IS NULL;
INSERT INTO meta (name, value) SELECT 'listed_to', coalesce(max(number), 0) FROM runs;
`,
};
