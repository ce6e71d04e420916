/** All labels of a run leave the index. */
export const DROP_LABELS = `
DELETE FROM labels WHERE run = ?1`;
