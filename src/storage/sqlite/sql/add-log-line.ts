/** ?1 run, then what the line is. One that is there already stays as it is. */
export const ADD_LOG_LINE = `
INSERT INTO step_logs (run, path, attempt, line, at_ms, level, text, fields)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (run, path, attempt, line) DO NOTHING`;
