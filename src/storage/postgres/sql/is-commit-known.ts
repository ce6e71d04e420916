/** Whether $1 was the last commit of an opening. */
export const IS_COMMIT_KNOWN = `SELECT 1 AS found FROM commit_marks WHERE commit_id = $1 LIMIT 1`;
