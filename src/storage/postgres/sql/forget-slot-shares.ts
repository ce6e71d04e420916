/** At most $1 shares of hosts that are not known any more. */
export const FORGET_SLOT_SHARES = `
DELETE FROM slot_shares WHERE ctid = ANY (ARRAY(
  SELECT s.ctid FROM slot_shares AS s
  WHERE NOT EXISTS (SELECT FROM hosts AS h WHERE h.host = s.host)
  LIMIT $1 FOR UPDATE OF s SKIP LOCKED))`;
