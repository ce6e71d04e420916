/**
 * Until when what a circuit breaker has counted stands without another failure. Keys of breakers
 * come and go by the million (one per order), and a row that nobody asks for again must not stay.
 * Rows from before have no instant: they are forgotten at once.
 */
import type { Migration } from "../../migration.ts";

export const quietBreakers: Migration = {
  version: 7,
  name: "quiet-breakers",
  sql: `
ALTER TABLE circuit_breakers ADD COLUMN until_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX circuit_breakers_by_end ON circuit_breakers (until_ms);
`,
};
