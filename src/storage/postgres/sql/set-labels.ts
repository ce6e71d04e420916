/** What the rows of the accepted runs ($1 positions) say of their labels ($2 JSON texts). */
import { ACCEPTED_RUNS } from "../wave.ts";

export const SET_LABELS = `
UPDATE runs AS r SET labels = g.labels
FROM unnest($1::int[], $2::text[]) AS g (position, labels)
WHERE r.number = ${ACCEPTED_RUNS}[g.position]`;
