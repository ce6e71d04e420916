/** What came of the instants of a trigger, newest first. */
export const LIST_TRIGGER_MARKS = `
SELECT kind, instant_ms AS instantMs, until_ms AS untilMs, run_id AS runId, reason, at_ms AS atMs
FROM trigger_marks WHERE tenant = ?1 AND workflow = ?2 AND id = ?3
ORDER BY number DESC LIMIT ?4`;
