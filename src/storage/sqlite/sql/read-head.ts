/** One run's row, and where its journal stands. ?1 tenant, ?2 run id. */
export const READ_HEAD = `
SELECT r.*, (SELECT max(t.last_seq) FROM turns AS t WHERE t.run = r.number) AS last_seq
FROM runs AS r WHERE r.tenant = ?1 AND r.run_id = ?2 AND r.status < 7`;
