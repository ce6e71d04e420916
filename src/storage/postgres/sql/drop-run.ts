/** The last of a removed run; what else belonged to it has gone before. */
export const DROP_RUN = "DELETE FROM runs WHERE number = $1 AND status = 7";
