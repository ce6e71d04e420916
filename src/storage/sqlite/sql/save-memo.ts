/** A result; what was there under its key is gone first (drop-memo.ts). */
export const SAVE_MEMO = `
INSERT INTO memos (tenant, key, scope, run, label, uses, workflow, run_id, path, output, blob_hash,
  size, created_at_ms, expires_at_ms, used_at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, CAST(?10 AS BLOB), ?11, ?12, ?13, ?14, ?15)`;
