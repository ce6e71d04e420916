/** The one fsync. */
export const COMMIT_GROUP = "COMMIT";
