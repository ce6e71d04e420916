/** Runs up to number ?1 stand in the lists. */
export const SAVE_LISTED_TO = "UPDATE meta SET value = ?1 WHERE name = 'listed_to'";
