/**
 * What admission remembers across restarts: starts that a rate limit still counts, one row each,
 * and circuit breakers with failures. Written with the turn that starts or settles the attempt.
 */
import type { Migration } from "../../migration.ts";

export const admission: Migration = {
  version: 5,
  name: "admission",
  sql: `
CREATE TABLE rate_starts (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  per_ms INTEGER NOT NULL,
  until_ms INTEGER GENERATED ALWAYS AS (at_ms + per_ms) VIRTUAL
) STRICT;
CREATE INDEX rate_starts_by_end ON rate_starts (until_ms);
CREATE TABLE circuit_breakers (
  name TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  opened_at_ms INTEGER,
  reset_after_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
};
