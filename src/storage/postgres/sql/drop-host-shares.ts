/** All that host $1 has of gates. */
export const DROP_HOST_SHARES = `DELETE FROM slot_shares WHERE host = $1`;
