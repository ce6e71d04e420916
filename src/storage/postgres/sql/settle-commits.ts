/**
 * Waits for a commit of opening $1 that is under way, answers the id of the last one that came
 * through, and takes a number: what was sent before and has not come through never will.
 */
export const SETTLE_COMMITS = `
UPDATE commit_marks SET number = number + 1 WHERE writer = $1
RETURNING number, commit_id AS "commitId"`;
