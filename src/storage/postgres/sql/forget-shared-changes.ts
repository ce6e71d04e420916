/** Of tenant $1 all but the newest $2. */
export const FORGET_SHARED_CHANGES = `
DELETE FROM shared_state_changes WHERE tenant = $1 AND number <= (
  SELECT number FROM shared_state_changes
  WHERE tenant = $1
  ORDER BY number DESC LIMIT 1 OFFSET $2)`;
