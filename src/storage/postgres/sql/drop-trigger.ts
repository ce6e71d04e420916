/** Takes a trigger away, where it has revision $4: $1 tenant, $2 workflow, $3 id. */
export const DROP_TRIGGER = `
DELETE FROM triggers WHERE tenant = $1 AND workflow = $2 AND id = $3 AND revision = $4
RETURNING revision`;
