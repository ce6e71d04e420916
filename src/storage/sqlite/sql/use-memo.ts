/** Writes an instant at which an entry was used; never an earlier one than is there. */
export const USE_MEMO = `
UPDATE memos SET used_at_ms = max(used_at_ms, ?2) WHERE number = ?1`;
