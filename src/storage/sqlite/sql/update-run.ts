/** What a turn changed of a run's row, but not its status: no index is touched. */
export const UPDATE_RUN = `
UPDATE runs SET seq = ?2, started_at_ms = ?3, ended_at_ms = ?4, error_code = ?5 WHERE number = ?1`;
