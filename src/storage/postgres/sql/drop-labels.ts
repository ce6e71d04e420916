/** All labels of the accepted runs ($1 positions) leave the index. */
import { ACCEPTED_RUNS } from "../wave.ts";

export const DROP_LABELS = `
DELETE FROM labels AS l USING unnest($1::int[]) AS g (position)
WHERE l.run = ${ACCEPTED_RUNS}[g.position]`;
