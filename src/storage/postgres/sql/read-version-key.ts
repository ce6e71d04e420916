/** Under which versions of secrets are named. */
export const READ_VERSION_KEY = "SELECT value AS key FROM meta WHERE name = 'version_key'";
