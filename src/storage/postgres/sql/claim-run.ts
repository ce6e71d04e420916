/**
 * Run $4 of tenant $2 becomes host $1's, if it is open, reader $3 can read it and nobody drives it;
 * hosts that have lapsed count as nobody only while the server has been up for $5 milliseconds.
 */
import { RUN_COLUMNS } from "../run-row.ts";

export const CLAIM_RUN = `
UPDATE runs AS r SET owner = $1, owner_epoch = nextval('owner_epochs')
WHERE r.number = (
  SELECT number FROM runs AS o
  WHERE run_id = $4 AND tenant || '' = $2 AND status <= 3 AND min_reader <= $3
    AND (owner IS NULL OR EXISTS (
      SELECT FROM hosts AS h WHERE h.host = o.owner AND h.expires_at <= now()
        AND pg_postmaster_start_time() + $5 * interval '1 millisecond' <= now()))
  FOR UPDATE SKIP LOCKED)
RETURNING ${RUN_COLUMNS}`;
