/** How many groups this store has taken; the writer counts on from here. */
export const LAST_COMMIT_NUMBER = "SELECT coalesce(max(number), 0) AS number FROM commits";
