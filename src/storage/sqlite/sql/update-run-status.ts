/** As UPDATE_RUN with the status, whose three indexes are written whatever value it has, once they have the run. */
export const UPDATE_RUN_STATUS = `
UPDATE runs
SET seq = ?2, started_at_ms = ?3, ended_at_ms = ?4, error_code = ?5, status = ?6
WHERE number = ?1`;
