/** Why the store starts paused; no row: it does not. */
export const READ_HOLD = "SELECT value AS hold FROM meta WHERE name = 'held'";
