/** The head after a turn. */
export const UPDATE_RUN = `
UPDATE runs
SET seq = ?2, status = ?3, started_at_ms = ?4, ended_at_ms = ?5, error_code = ?6
WHERE number = ?1`;
