/** What a run's row says of its labels. */
export const SET_LABELS = `
UPDATE runs SET labels = ?2 WHERE number = ?1`;
