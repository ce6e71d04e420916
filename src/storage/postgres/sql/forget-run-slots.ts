/** At most $1 rows of runs that hold no slot any more. */
import { holdsSlot } from "../slot-rows.ts";

export const FORGET_RUN_SLOTS = `
DELETE FROM run_slots WHERE ctid = ANY (ARRAY(
  SELECT s.ctid FROM run_slots AS s
  LEFT JOIN runs AS r ON r.run_id = s.run_id AND r.tenant || '' = s.tenant
  WHERE NOT ${holdsSlot("s", "r")} LIMIT $1 FOR UPDATE OF s SKIP LOCKED))`;
