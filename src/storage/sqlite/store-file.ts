/** The database file inside a data directory. */
export const STORE_FILE = "store.db";
