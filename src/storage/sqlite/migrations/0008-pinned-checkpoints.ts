/** Checkpoints that somebody has pinned: newer ones do not push them out. */
import type { Migration } from "../../migration.ts";

export const pinnedCheckpoints: Migration = {
  version: 8,
  name: "pinned-checkpoints",
  sql: "ALTER TABLE checkpoints ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0;",
};
