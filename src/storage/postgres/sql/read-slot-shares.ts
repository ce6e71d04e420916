/**
 * What hosts have of gates $1, by the place of the gate there. `isGone`: the lease has been over for
 * $3 milliseconds, and the server up for $2, or there is none any more.
 */
export const READ_SLOT_SHARES = `
SELECT g.place::int, s.host, s.turn, s.held, s.is_given AS "isGiven", s.is_told AS "isTold", s.cap, s.waiting,
  coalesce(h.expires_at > clock_timestamp(), false) AS "isLive",
  h.host IS NULL OR (h.expires_at + $3 * interval '1 millisecond' <= clock_timestamp()
    AND pg_postmaster_start_time() + $2 * interval '1 millisecond' <= clock_timestamp()) AS "isGone"
FROM unnest($1::text[]) WITH ORDINALITY AS g (gate, place)
JOIN slot_shares AS s ON s.gate = g.gate
LEFT JOIN hosts AS h ON h.host = s.host`;
