/** Minutes before ?1, at most ?2 at once. */
export const FORGET_USAGE = `
DELETE FROM usage_minutes WHERE (minute_ms, tenant, workflow, writer) IN (
  SELECT minute_ms, tenant, workflow, writer FROM usage_minutes WHERE minute_ms < ?1 LIMIT ?2)`;
