/** Bytes of the checkpoints that LIST_CHECKPOINTS gives, without reading them. ?1 tenant, ?2 run id. */
export const CHECKPOINT_SIZES = `
SELECT coalesce(sum(length(c.state)), 0) AS bytes
FROM runs AS r JOIN checkpoints AS c ON c.run = r.number
WHERE r.tenant = ?1 AND r.run_id = ?2 AND r.status < 7 AND c.seq >= coalesce(
  (SELECT seq FROM checkpoints WHERE run = r.number ORDER BY seq DESC LIMIT 1 OFFSET 3), 0)`;
