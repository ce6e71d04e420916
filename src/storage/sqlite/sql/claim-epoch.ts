/** A new opening owns every run: older openings are fenced from here on. */
export const CLAIM_EPOCH = `
UPDATE meta SET value = value + 1 WHERE name = 'owner_epoch' RETURNING value AS epoch`;
