/**
 * Hosts whose lease has run out, longest ago first; none while the server has been up for less than
 * $1 milliseconds: they were as cut off as whoever asks.
 */
export const LIST_LAPSED_HOSTS = `
SELECT host FROM hosts
WHERE expires_at <= now() AND pg_postmaster_start_time() + $1 * interval '1 millisecond' <= now()
ORDER BY expires_at`;
