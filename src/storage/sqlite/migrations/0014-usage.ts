/**
 * What tenants and workflows use up by the minute, and the bytes that they keep, each split by the
 * opening that counted it; what was measured is the row of opening 0. Rows of minutes go after a day.
 */
import type { Migration } from "../../migration.ts";

export const usage: Migration = {
  version: 14,
  name: "usage",
  sql: `
CREATE TABLE usage_minutes (
  minute_ms  INTEGER NOT NULL,
  tenant     TEXT NOT NULL,
  workflow   TEXT NOT NULL,
  writer     INTEGER NOT NULL,
  steps      INTEGER NOT NULL,
  attempt_ms INTEGER NOT NULL,
  cpu_ms     INTEGER NOT NULL,
  PRIMARY KEY (minute_ms, tenant, workflow, writer)
) STRICT, WITHOUT ROWID;
CREATE TABLE stored_bytes (
  tenant   TEXT NOT NULL,
  workflow TEXT NOT NULL,
  writer   INTEGER NOT NULL,
  bytes    INTEGER NOT NULL,
  PRIMARY KEY (tenant, workflow, writer)
) STRICT, WITHOUT ROWID;
`,
};
