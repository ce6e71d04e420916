/** minute, tenant, workflow, opening; steps, attempt and processor milliseconds. */
export const ADD_USAGE = `
INSERT INTO usage_minutes (minute_ms, tenant, workflow, writer, steps, attempt_ms, cpu_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (minute_ms, tenant, workflow, writer) DO UPDATE SET steps = steps + excluded.steps,
  attempt_ms = attempt_ms + excluded.attempt_ms, cpu_ms = cpu_ms + excluded.cpu_ms`;
