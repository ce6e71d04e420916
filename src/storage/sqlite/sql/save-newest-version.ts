/** Points the name at its newest version. */
export const SAVE_NEWEST_VERSION = `
INSERT OR REPLACE INTO workflow_names (tenant, name, newest) VALUES (?1, ?2, ?3)`;
