/** As CLAIM_UNOWNED_RUNS, runs of host $4, if its lease has run out. */
import { RUN_COLUMNS } from "../run-row.ts";

export const CLAIM_LAPSED_RUNS = `
UPDATE runs AS r SET owner = $1, owner_epoch = (SELECT nextval('owner_epochs'))
WHERE r.number = ANY (ARRAY(
  SELECT number FROM runs WHERE owner = $4 AND status <= 3 AND min_reader <= $3
    AND EXISTS (SELECT FROM hosts WHERE host = $4 AND expires_at <= now())
  ORDER BY number LIMIT $2 FOR UPDATE SKIP LOCKED))
RETURNING ${RUN_COLUMNS}`;
