/** Open runs without an owner become host $1's, at most $2 that reader $3 can read, the oldest first. */
import { RUN_COLUMNS } from "../run-row.ts";

export const CLAIM_UNOWNED_RUNS = `
UPDATE runs AS r SET owner = $1, owner_epoch = (SELECT nextval('owner_epochs'))
WHERE r.number = ANY (ARRAY(
  SELECT number FROM runs WHERE owner IS NULL AND status <= 3 AND min_reader <= $3
  ORDER BY number LIMIT $2 FOR UPDATE SKIP LOCKED))
RETURNING ${RUN_COLUMNS}`;
