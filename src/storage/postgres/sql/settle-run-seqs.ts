/** A copy's row of a run may be behind its turns. */
export const SETTLE_RUN_SEQS = `
UPDATE runs AS r SET seq = t.last_seq
FROM (SELECT run, max(last_seq) AS last_seq FROM turns GROUP BY run) AS t
WHERE t.run = r.number AND r.seq < t.last_seq`;
