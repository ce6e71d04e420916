/** Undoes a refused group. */
export const ROLLBACK_GROUP = "ROLLBACK";
