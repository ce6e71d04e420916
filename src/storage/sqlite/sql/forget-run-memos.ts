/** Entries of scope `run` whose run has ended. */
export const FORGET_RUN_MEMOS = `
DELETE FROM memos
WHERE number IN (
  SELECT m.number FROM memos AS m INDEXED BY memos_by_run CROSS JOIN runs AS r ON r.number = m.run
  WHERE m.run IS NOT NULL AND r.status > 3 LIMIT ?1)`;
