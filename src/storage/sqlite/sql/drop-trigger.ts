/** Takes a trigger away: tenant, workflow, id. */
export const DROP_TRIGGER = `
DELETE FROM triggers WHERE tenant = ?1 AND workflow = ?2 AND id = ?3`;
