/** Keeps the newest two of the accepted runs ($1 positions), and those that are pinned. */
import { ACCEPTED_RUNS } from "../wave.ts";

export const DROP_OLD_CHECKPOINTS = `
DELETE FROM checkpoints AS c USING unnest($1::int[]) AS g (position)
WHERE c.run = ${ACCEPTED_RUNS}[g.position] AND NOT c.is_pinned AND c.seq < (
  SELECT seq FROM checkpoints AS n WHERE n.run = c.run ORDER BY seq DESC OFFSET 1 LIMIT 1)`;
