/** The epoch that may write now. */
export const READ_EPOCH = "SELECT value AS epoch FROM meta WHERE name = 'owner_epoch'";
