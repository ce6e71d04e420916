/** Answers the size of what was there. */
export const DROP_MEMO = `
DELETE FROM memos WHERE tenant = ?1 AND key = ?2 RETURNING size`;
