/** Minutes before $1, at most $2 at once; what another host is at is passed over. */
export const FORGET_USAGE = `
DELETE FROM usage_minutes AS u USING (
  SELECT minute_ms, tenant, workflow, writer FROM usage_minutes WHERE minute_ms < $1
  ORDER BY minute_ms LIMIT $2 FOR UPDATE SKIP LOCKED) AS g
WHERE u.minute_ms = g.minute_ms AND u.tenant = g.tenant AND u.workflow = g.workflow
  AND u.writer = g.writer`;
