export const USE_MEMO = `
UPDATE memos SET used_at_ms = max(used_at_ms, ?2) WHERE number = ?1`;
