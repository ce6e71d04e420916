/** Keeps the newest ?4 marks of a trigger. */
export const FORGET_TRIGGER_MARKS = `
DELETE FROM trigger_marks
WHERE tenant = ?1 AND workflow = ?2 AND id = ?3 AND number <= (
  SELECT number FROM trigger_marks WHERE tenant = ?1 AND workflow = ?2 AND id = ?3
  ORDER BY number DESC LIMIT 1 OFFSET ?4)`;
