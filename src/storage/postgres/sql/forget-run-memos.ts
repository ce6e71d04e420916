/** At most $1 entries of scope `run` whose run has ended, or is gone. */
export const FORGET_RUN_MEMOS = `
DELETE FROM memos WHERE number = ANY (ARRAY(
  SELECT m.number FROM memos AS m LEFT JOIN runs AS r ON r.number = m.run
  WHERE m.run IS NOT NULL AND coalesce(r.status, 7) > 3
  LIMIT $1 FOR UPDATE OF m SKIP LOCKED))`;
