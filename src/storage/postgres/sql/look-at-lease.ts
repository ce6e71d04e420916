/** The server's clock, and whether host $1 has a lease. */
export const LOOK_AT_LEASE = `
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "nowMs",
  EXISTS (SELECT FROM hosts WHERE host = $1 AND expires_at > clock_timestamp()) AS "isLive"`;
