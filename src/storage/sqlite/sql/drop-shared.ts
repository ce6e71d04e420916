/** Takes a value away. */
export const DROP_SHARED = `
DELETE FROM shared_state WHERE tenant = ?1 AND scope = ?2 AND workflow = ?3 AND name = ?4`;
