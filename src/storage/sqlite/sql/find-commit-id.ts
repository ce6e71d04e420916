/**
 * Reads the ring and the newest journal rows: at least four groups of the largest size, and asked
 * for after an unknown outcome only, before anything else is written.
 */
export const FIND_COMMIT_ID = `
SELECT 1 AS found FROM turns
WHERE number > (SELECT max(number) FROM turns) - 20000 AND commit_id = ?1
UNION ALL SELECT 1 FROM commits WHERE commit_id = ?1
LIMIT 1`;
