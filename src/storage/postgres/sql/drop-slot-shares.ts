/** Shares of gates $1, in each of the host of $2 in its place; the transaction has locked the gates. */
import { isHost } from "../slot-rows.ts";

export const DROP_SLOT_SHARES = `
DELETE FROM slot_shares AS s USING unnest($1::text[], $2::bigint[]) AS g (gate, host)
WHERE s.gate = g.gate AND ${isHost("s", "g.host")}`;
