/** The store runs from here on. */
export const RELEASE_STORE = "DELETE FROM meta WHERE name = 'held'";
