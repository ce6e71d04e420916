/** Opening $1 commits nothing any more: what of it is still on its way is fenced. */
export const DROP_COMMIT_MARK = `DELETE FROM commit_marks WHERE writer = $1`;
