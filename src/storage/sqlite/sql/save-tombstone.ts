/** Keeps the id of a run that goes, with who took it away and why. */
export const SAVE_TOMBSTONE = `
INSERT OR IGNORE INTO tombstones (tenant, run_id, removed_at_ms, removed_by, reason)
VALUES (?1, ?2, ?3, ?4, ?5)`;
