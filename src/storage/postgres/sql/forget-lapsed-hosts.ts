/** Hosts that lapsed ten minutes ago and own no open run any more, and what nobody will answer. */
export const FORGET_LAPSED_HOSTS = `
WITH asked AS (
  DELETE FROM host_asks WHERE asked_at < now() - interval '5 minutes'
)
DELETE FROM hosts AS h
WHERE h.expires_at < now() - interval '10 minutes'
  AND NOT EXISTS (SELECT FROM runs AS r WHERE r.owner = h.host AND r.status <= 3)`;
