/** The greatest number in use; the next run gets the one behind it. */
export const NEWEST_RUN = "SELECT coalesce(max(number), 0) AS number FROM runs";
