/** What other openings than ?1 have counted: it has been measured. */
export const DROP_STORED = "DELETE FROM stored_bytes WHERE writer <> ?1";
