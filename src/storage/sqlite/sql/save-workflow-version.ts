/** An immutable version. */
export const SAVE_WORKFLOW_VERSION = `
INSERT INTO workflows (tenant, name, version, hash, created_at_ms, definition)
VALUES (?1, ?2, ?3, ?4, ?5, CAST(?6 AS BLOB))`;
