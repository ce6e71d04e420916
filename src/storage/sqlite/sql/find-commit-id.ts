/** Reads the ring: 1,000 short rows, after an unknown outcome only. */
export const FIND_COMMIT_ID = "SELECT 1 AS found FROM commits WHERE commit_id = ?1";
