/** Ids consumed before ?1, at most ?2 at once. */
export const FORGET_MESSAGES = `
DELETE FROM messages WHERE number IN (
  SELECT number FROM messages INDEXED BY messages_consumed
  WHERE consumed_at_ms IS NOT NULL AND consumed_at_ms < ?1 LIMIT ?2)`;
