/**
 * Leaves out the turns that take a slot which host $6 does not have: position, tenant, run, the run
 * that holds it from now on, gate. Of one gate as many pass as the host has.
 */
import { isHost, SLOT_TURNS, TAKES_SLOT } from "../slot-rows.ts";
import { LEFT_OUT, leaveOut } from "../wave.ts";

export const LEAVE_OUT_SLOTLESS = `
WITH taking AS MATERIALIZED (
  SELECT g.position, g.gate, row_number() OVER (PARTITION BY g.gate ORDER BY g.position) AS place
  FROM ${SLOT_TURNS} WHERE ${TAKES_SLOT} AND NOT g.position = ANY (${LEFT_OUT})
), slotless AS MATERIALIZED (
  SELECT t.position FROM taking AS t LEFT JOIN slot_shares AS h ON h.gate = t.gate AND ${isHost("h", "$6")}
  WHERE t.place > coalesce(h.held, 0)
)
SELECT position, ${leaveOut("position")} FROM slotless`;
