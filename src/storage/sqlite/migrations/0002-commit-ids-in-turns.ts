/**
 * A group's id lies in its first journal row: a lone commit then writes two pages (the row and its
 * index entry), not a third for the ring of `commits`, which is left to groups without a record.
 */
import type { Migration } from "../../migration.ts";

export const commitIdsInTurns: Migration = {
  version: 2,
  name: "commit-ids-in-turns",
  sql: "ALTER TABLE turns ADD COLUMN commit_id TEXT",
};
