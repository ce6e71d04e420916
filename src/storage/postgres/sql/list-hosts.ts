/** Hosts that have a lease. */
export const LIST_HOSTS = `
SELECT host, name, address, is_draining AS "isDraining", load AS "openRuns",
  (extract(epoch FROM started_at) * 1000)::bigint AS "startedAtMs",
  (extract(epoch FROM expires_at) * 1000)::bigint AS "expiresAtMs"
FROM hosts WHERE expires_at > now() ORDER BY host`;
