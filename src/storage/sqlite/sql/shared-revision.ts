/** A value and its revision, for a commit that has seen one. */
export const SHARED_REVISION = `
SELECT revision, value FROM shared_state
WHERE tenant = ?1 AND scope = ?2 AND workflow = ?3 AND name = ?4`;
