/**
 * What the fence compares and the counters need; `seq` of a row may be behind its journal.
 * ?1 tenant, ?2 run id.
 */
export const FIND_RUN = `
SELECT r.number, r.status, r.started_at_ms AS startedAtMs, r.ended_at_ms AS endedAtMs,
  r.error_code AS errorCode,
  max(r.seq, coalesce((SELECT max(t.last_seq) FROM turns AS t WHERE t.run = r.number), 0)) AS seq
FROM runs AS r WHERE r.tenant = ?1 AND r.run_id = ?2`;
