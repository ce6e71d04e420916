/** A run's row at seq 0; RETURNING its number. */
export const CREATE_RUN = `
INSERT INTO runs
  (tenant, run_id, workflow, version, status, seq, created_at_ms, labels, parent_run_id, min_reader)
VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9)
RETURNING number`;
