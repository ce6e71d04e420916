/** Whether there is anything in the store, or a host that has it open. */
export const IS_STORE_IN_USE = `
SELECT EXISTS (SELECT 1 FROM runs) OR EXISTS (SELECT 1 FROM workflows)
  OR EXISTS (SELECT 1 FROM tombstones) OR EXISTS (SELECT 1 FROM blobs)
  OR EXISTS (SELECT 1 FROM shared_state) OR EXISTS (SELECT 1 FROM messages)
  OR EXISTS (SELECT 1 FROM hosts WHERE expires_at > now()) AS "isUsed"`;
