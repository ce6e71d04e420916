/** Keeps the newest two of a run, and those that are pinned. */
export const DROP_OLD_CHECKPOINTS = `
DELETE FROM checkpoints WHERE run = ?1 AND is_pinned = 0 AND seq < (
  SELECT seq FROM checkpoints WHERE run = ?1 ORDER BY seq DESC LIMIT 1 OFFSET 1)`;
