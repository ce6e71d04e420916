/** What workflows and tenants keep in shared values, counted along, so that nobody reads them to count. */
import type { Migration } from "../../migration.ts";

export const sharedUsage: Migration = {
  version: 10,
  name: "shared-usage",
  sql: `
CREATE TABLE shared_usage (
  tenant   TEXT NOT NULL,
  scope    TEXT NOT NULL,
  workflow TEXT NOT NULL,
  names    INTEGER NOT NULL,
  bytes    INTEGER NOT NULL,
  PRIMARY KEY (tenant, scope, workflow)
) STRICT, WITHOUT ROWID;
INSERT INTO shared_usage (tenant, scope, workflow, names, bytes)
SELECT tenant, scope, workflow, count(*), sum(octet_length(value))
FROM shared_state GROUP BY tenant, scope, workflow;
`,
};
