/** A run's row as its first turn leaves it; it enters the lists later (run-lists.ts). */
export const CREATE_RUN = `
INSERT INTO runs
  (tenant, run_id, workflow, version, status, seq, created_at_ms, labels, parent_run_id,
   min_reader, started_at_ms, ended_at_ms, error_code, fresh)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1)`;
