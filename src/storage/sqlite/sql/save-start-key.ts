/** The caller has found no younger one; an expired one is replaced. */
export const SAVE_START_KEY = `
INSERT OR REPLACE INTO start_keys (tenant, key, run_id, body_hash, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)`;
